/**
 * <image-dialog data-url data-section> around a <dialog>: the picture that the address names
 * (`?image=ID`), with its neighbours ready.
 */
import { askHowToDelete, deleteImages, restoreImages } from "../lib/actions.js";
import { changed, listQuery } from "../lib/address.js";
import { toast } from "../lib/elements.js";
import { send } from "../lib/requests.js";

class ImageDialog extends HTMLElement {
  #ready = new Map(); // promises of markup by id
  #shown = null; // id
  #preloaded = [];

  connectedCallback() {
    this.#dialog.addEventListener("cancel", this.#onCancel);
    this.addEventListener("click", this.#onClick);
    this.addEventListener("step", ({ detail }) => this.step(detail));
    this.addEventListener("leave", () => this.#page.closeImage());
    document.addEventListener("address-changed", this.#follow);
    document.addEventListener("results-changed", this.#forget);
    document.addEventListener("library-changed", this.#onLibraryChanged);
    document.addEventListener("favorite-changed", this.#forget);
    if (this.#dialog.open) {
      // The server has opened it, for browsers without a script.
      this.#dialog.close();
      this.#dialog.showModal();
      this.#arrived(this.querySelector(".detail").dataset.id);
    }
  }

  get isOpen() {
    return this.#dialog.open;
  }

  get shown() {
    return this.#shown;
  }

  get stage() {
    return this.querySelector("image-stage");
  }

  /** To the next picture (1) or the one before (-1). */
  step(direction) {
    const { next, previous } = this.#detail.dataset;
    const id = direction > 0 ? next : previous;
    if (id) this.#page.openImage(id);
  }

  /** Ask, delete, and go on with a neighbour. */
  async delete() {
    const { id, next, previous } = this.#detail.dataset;
    const how = await askHowToDelete(1);
    if (!how) return;
    const { done } = await deleteImages([Number(id)], how);
    if (done > 0) this.#goOn(next ?? previous);
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  get #page() {
    return document.querySelector("gallery-page");
  }

  get #detail() {
    return this.querySelector(".detail");
  }

  #goOn(id) {
    if (id) this.#page.openImage(id);
    else this.#page.closeImage();
  }

  #follow = async () => {
    const id = new URLSearchParams(location.search).get("image");
    if (!id) {
      this.#close();
      return;
    }
    if (id === this.#shown) return;
    this.#shown = id;
    try {
      const markup = await this.#fetch(id);
      if (this.#shown !== id) return; // meanwhile another one was asked for
      const parsed = new DOMParser().parseFromString(markup, "text/html");
      this.querySelector(".image-dialog__content").replaceChildren(...parsed.body.children);
      if (!this.#dialog.open) this.#dialog.showModal();
      this.#arrived(id);
    } catch (error) {
      if (this.#shown !== id) return;
      toast(this, { text: error.message, error: true });
      this.#page.closeImage();
    }
  };

  #arrived(id) {
    this.#shown = id;
    this.#detail.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("image-shown"));
    const { next, previous } = this.#detail.dataset;
    this.#preloaded = [];
    for (const neighbour of [next, previous]) {
      if (neighbour) this.#preload(neighbour);
    }
  }

  async #preload(id) {
    try {
      const markup = await this.#fetch(id);
      const parsed = new DOMParser().parseFromString(markup, "text/html");
      const picture = new Image();
      picture.src = parsed.querySelector(".stage__full").getAttribute("src");
      this.#preloaded.push(picture);
    } catch {
      this.#ready.delete(id); // It will be asked for again, and then told.
    }
  }

  #fetch(id) {
    if (!this.#ready.has(id)) {
      const query = changed(listQuery(location.search), {
        trash: this.dataset.section === "trash" ? "only" : null,
        image: id,
      });
      const url = this.dataset.url.replace("/0/", `/${id}/`) + query;
      const answer = send(url, { method: "GET", headers: { "HX-Request": "true" } });
      this.#ready.set(id, answer);
      answer.catch(() => this.#ready.delete(id));
    }
    return this.#ready.get(id);
  }

  #forget = () => this.#ready.clear();

  #onLibraryChanged = ({ detail }) => {
    this.#forget();
    if (this.isOpen && detail.refreshDetail) {
      this.#shown = null;
      this.#follow();
    }
  };

  #close() {
    const id = this.#shown;
    this.#shown = null;
    if (!this.#dialog.open) return;
    this.#dialog.close();
    this.querySelector(".image-dialog__content").replaceChildren();
    document.querySelector(`.card__link[data-image="${id}"]`)?.focus();
  }

  #onCancel = (event) => {
    event.preventDefault();
    this.#page.closeImage();
  };

  #onClick = async (event) => {
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      this.#page.closeImage();
    } else if (event.target.closest("[data-delete]")) {
      event.preventDefault();
      this.delete();
    } else if (event.target.closest("[data-restore]")) {
      event.preventDefault();
      const { id, next, previous } = this.#detail.dataset;
      const { done } = await restoreImages([Number(id)]);
      if (done > 0) this.#goOn(next ?? previous);
    }
  };
}

customElements.define("image-dialog", ImageDialog);

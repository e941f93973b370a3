/**
 * <image-dialog data-url data-section> around a <dialog>: the picture that the address names
 * (`?image=ID`), with its neighbours ready.
 */
import { changed, listQuery } from "../lib/address.js";
import { comingOf, SOON } from "../page/coming.js";
import { parse } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { tell, toast } from "../page/signals.js";
import { askHowToDelete, deleteImages, restoreImages } from "../pictures/actions.js";
import { send } from "../server/requests.js";

class ImageDialog extends PageElement {
  #ready = new Map(); // promises of markup by id
  #shown = null; // id
  #isThere = false; // all of it
  #delayed = []; // what is to be done then
  #preloaded = [];

  connected() {
    this.listen(this.#dialog, { cancel: this.#leave });
    this.listen(this, {
      keydown: this.#onKeydown,
      click: this.#onClick,
      step: this.#onStep,
      leave: this.#leave,
    });
    this.listen(document, {
      "address-changed": this.#follow,
      "results-changed": this.#forget,
      "library-changed": this.#onLibraryChanged,
      "favorite-changed": this.#forget,
    });
    if (this.#dialog.open) {
      // The server has opened it, for browsers without a script.
      this.#dialog.close();
      this.#dialog.showModal();
      this.#arrived(this.querySelector(".detail").dataset.id);
    } else if (new URLSearchParams(location.search).has("image")) {
      // It is not there, and the page says so; whatever is opened next is a place of its own.
      history.replaceState(history.state, "", location.pathname + listQuery(location.search));
    }
  }

  get isOpen() {
    return this.#dialog.open;
  }

  get shown() {
    return this.#shown;
  }

  /** Whether the picture that was opened last has come. */
  get isThere() {
    return this.#isThere;
  }

  /** Do it with that picture: now, or when it has come; never, where another one is opened first. */
  whenThere(act) {
    if (this.#isThere) act();
    else this.#delayed.push(act);
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

  /** Ask, unless it is to be `quick`, delete, and go on with a neighbour. */
  async delete({ quick = false } = {}) {
    const { id, next, previous } = this.#detail.dataset;
    const how = quick ? "trash" : await askHowToDelete(1);
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

  async #follow() {
    const id = new URLSearchParams(location.search).get("image");
    if (!id) {
      this.#close();
      return;
    }
    if (id === this.#shown) return;
    this.#await(id);
    const foreshadow = setTimeout(() => this.#foreshadow(id), SOON);
    try {
      const markup = await this.#fetch(id);
      if (this.#shown !== id) return; // meanwhile another one was asked for
      this.querySelector(".image-dialog__content").replaceChildren(...parse(markup).children);
      if (!this.#dialog.open) this.#dialog.showModal();
      this.#arrived(id);
    } catch (error) {
      if (this.#shown !== id) return;
      toast(this, { text: error.message, error: true });
      this.#page.closeImage();
    } finally {
      clearTimeout(foreshadow);
    }
  }

  #await(id) {
    this.#shown = id;
    this.#isThere = false;
    this.#delayed = [];
  }

  /** On a slow line: what the list shows of the picture, until the rest has come. */
  #foreshadow(id) {
    const item = document.querySelector(`gallery-page [data-id="${CSS.escape(id)}"]`);
    if (!item || this.#shown !== id) return;
    const picture = item.querySelector(".thumbnail img");
    const prompt = item.querySelector(".card__link").textContent;
    const isVeiled = item.querySelector(".reveal__check:not(:checked)") !== null;
    const coming = comingOf(this, picture, prompt, isVeiled);
    this.querySelector(".image-dialog__content").replaceChildren(coming);
    if (!this.#dialog.open) this.#dialog.showModal();
    coming.focus({ preventScroll: true });
  }

  #arrived(id) {
    this.#shown = id;
    this.#detail.focus({ preventScroll: true });
    const button = this.querySelector("[data-export]");
    if (button) button.hidden = false; // it needs this script
    tell("image-shown");
    const { next, previous } = this.#detail.dataset;
    this.#preloaded = [];
    for (const neighbour of [next, previous]) {
      if (neighbour) this.#preload(neighbour);
    }
    this.#isThere = true;
    for (const act of this.#delayed.splice(0)) this.whenThere(act);
  }

  async #preload(id) {
    try {
      const markup = await this.#fetch(id);
      const picture = new Image();
      picture.src = parse(markup).querySelector(".stage__full").getAttribute("src");
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

  #forget() {
    this.#ready.clear();
  }

  #onLibraryChanged({ detail }) {
    this.#forget();
    if (this.isOpen && detail.refreshDetail) {
      this.#shown = null;
      this.#follow();
    }
  }

  #close() {
    const id = this.#shown;
    this.#await(null);
    if (!this.#dialog.open) return;
    this.#dialog.close();
    this.querySelector(".image-dialog__content").replaceChildren();
    document.querySelector(`.card__link[data-image="${id}"]`)?.focus();
  }

  get #tagField() {
    return this.querySelector("[name=add]");
  }

  /** Out of the field first: what is typed there is not lost by one key. */
  #onKeydown(event) {
    if (event.key !== "Escape" || event.target !== this.#tagField || !this.#tagField.value) return;
    event.preventDefault();
    event.stopPropagation();
    this.#detail.focus({ preventScroll: true });
  }

  async #export(id) {
    try {
      await document.querySelector("export-dialog").ask({ image_ids: [id] }, 1);
    } catch (error) {
      toast(this, { text: error.message, error: true });
    }
  }

  #onStep({ detail }) {
    this.whenThere(() => this.step(detail));
  }

  #leave(event) {
    event.preventDefault();
    this.#page.closeImage();
  }

  async #onClick(event) {
    if (event.target.closest("[data-close]")) {
      this.#leave(event);
    } else if (event.target.closest("[data-export]")) {
      this.#export(Number(this.#detail.dataset.id));
    } else if (event.target.closest("[data-delete]")) {
      event.preventDefault();
      this.delete();
    } else if (event.target.closest("[data-restore]")) {
      event.preventDefault();
      const { id, next, previous } = this.#detail.dataset;
      const { done } = await restoreImages([Number(id)]);
      if (done > 0) this.#goOn(next ?? previous);
    }
  }
}

customElements.define("image-dialog", ImageDialog);

/**
 * <sensitive-pictures>: who sees them. The switch for all is a cookie, so that the server writes it
 * into <html> and nothing flashes; a single picture that was asked for stays shown, in the list and
 * in front of it, as long as the page is open. Without a script, forms and checkboxes do the same.
 */
import { toast } from "../page/elements.js";
import { announce } from "../pictures/actions.js";
import { api, send } from "../server/requests.js";

const YEAR = 365 * 24 * 60 * 60;

class SensitivePictures extends HTMLElement {
  #shown = new Set(); // ids

  connectedCallback() {
    document.addEventListener("click", this.#onClick);
    document.addEventListener("change", this.#onChange);
    document.addEventListener("results-changed", this.#show);
    document.addEventListener("image-shown", this.#show);
  }

  #onClick = (event) => {
    const choice = event.target.closest("[data-switch-sensitive] button");
    const mark = event.target.closest("[data-mark-sensitive]");
    if (!choice && !mark) return;
    event.preventDefault();
    if (choice) this.#switch(choice);
    else this.#mark(mark);
  };

  #onChange = ({ target }) => {
    if (!target.matches(".reveal__check")) return;
    if (target.checked) this.#shown.add(target.value);
    else this.#shown.delete(target.value);
    this.#show();
  };

  #show = () => {
    for (const box of document.querySelectorAll(".reveal__check")) {
      box.checked = this.#shown.has(box.value);
    }
  };

  #switch({ value, parentElement }) {
    document.documentElement.dataset.sensitive = value;
    document.cookie = `sensitive=${value}; path=/; max-age=${YEAR}; samesite=lax`;
    for (const button of parentElement.children) {
      button.setAttribute("aria-pressed", String(button.value === value));
    }
    this.#shown.clear();
    this.#show();
  }

  /** Turn the mark; lists and the picture in front are fetched anew. */
  async #mark(button) {
    if (button.ariaBusy === "true") return;
    const id = button.dataset.markSensitive;
    const nsfw = button.getAttribute("aria-pressed") !== "true";
    button.ariaBusy = "true";
    try {
      await send(api(`images/${id}/`), { method: "PATCH", json: { nsfw } });
      this.#shown.delete(id);
      const refocus = () =>
        document.querySelector(`[data-mark-sensitive="${id}"]`)?.focus({ preventScroll: true });
      document.addEventListener("image-shown", refocus, { once: true });
      announce({ changed: [Number(id)], refreshDetail: true });
    } catch (error) {
      toast(button, { text: error.message, error: true });
    } finally {
      button.ariaBusy = null;
    }
  }
}

customElements.define("sensitive-pictures", SensitivePictures);

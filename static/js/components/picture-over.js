/**
 * <picture-over data-url> around a <dialog>: a picture of the library over the page, which stays
 * as it is. Back, Escape and the cross close it. What would leave the page is not offered, or opens
 * in another tab.
 */
import { comingOf, SOON } from "../page/coming.js";
import { parse } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { toast } from "../page/signals.js";
import { toggleFavorite } from "../pictures/favorites.js";
import { send } from "../server/requests.js";

const ELSEWHERE =
  "prompt-editor, .tags__add, .chip__remove, [data-mark-sensitive], [data-delete], [data-restore], [data-generate]";
const LEADING_AWAY = ".facts__body a[href]";

class PictureOver extends PageElement {
  #opener = null;
  #asked = 0; // how often a picture was asked for, or none any more

  connected() {
    this.listen(this, { click: this.#onClick, leave: this.#leave });
    this.listen(this.#dialog, { cancel: this.#leave });
    this.listen(window, { popstate: this.#onPopState });
  }

  /** Show the picture with this id, as far as `opener` shows it at once; resolves once it is there. */
  async open(id, opener) {
    const asked = ++this.#asked;
    const soon = setTimeout(() => this.#foreshadow(id, opener), SOON);
    try {
      const url = `${this.dataset.url.replace("/0/", `/${id}/`)}?image=${id}`;
      const markup = await send(url, { method: "GET", headers: { "HX-Request": "true" } });
      if (asked !== this.#asked) return; // meanwhile another one was asked for
      const parsed = parse(markup);
      fit(parsed);
      this.#show(id, opener, parsed.children);
    } catch (error) {
      if (asked !== this.#asked) return;
      if (history.state?.over === id) history.back();
      toast(this, { text: error.message, error: true });
    } finally {
      clearTimeout(soon);
    }
  }

  #foreshadow(id, opener) {
    const tile = opener?.closest(".tile");
    if (!tile) return;
    const prompt = tile.querySelector(".tile__prompt").textContent;
    const coming = comingOf(this, tile.querySelector(".tile__picture"), prompt, false);
    this.#show(id, opener, [coming]);
  }

  #show(id, opener, children) {
    this.querySelector("[data-content]").replaceChildren(...children);
    if (!this.#dialog.open) {
      this.#opener = opener;
      this.#dialog.showModal();
      history.pushState({ over: id }, "");
    }
    this.querySelector(".detail").focus({ preventScroll: true });
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  #onPopState({ state }) {
    if (!state?.over) this.#close();
  }

  #leave(event) {
    event.preventDefault();
    if (history.state?.over) history.back();
    else this.#close();
  }

  #close() {
    this.#asked++;
    if (!this.#dialog.open) return;
    this.#dialog.close();
    this.querySelector("[data-content]").replaceChildren();
    this.#opener?.focus();
  }

  #onClick(event) {
    const heart = event.target.closest("[data-favorite]");
    const step = event.target.closest("a[data-image]");
    if (heart) {
      event.preventDefault();
      toggleFavorite(heart);
    } else if (step) {
      event.preventDefault();
      this.open(step.dataset.image);
    } else if (event.target.closest("[data-close]")) {
      this.#leave(event);
    }
  }
}

/** Leave out of a picture's markup what belongs to the gallery's page. */
function fit(markup) {
  for (const part of markup.querySelectorAll(ELSEWHERE)) part.remove();
  const tags = markup.querySelector("tag-editor");
  if (tags && !tags.querySelector(".chip")) tags.closest("section").remove();
  for (const link of markup.querySelectorAll(LEADING_AWAY)) link.target = "_blank";
}

customElements.define("picture-over", PictureOver);

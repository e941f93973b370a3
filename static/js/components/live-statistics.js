/**
 * <live-statistics data-url data-newest>: the cards, true within seconds, and word of pictures
 * that have arrived while the page was open.
 */
import { element } from "../lib/elements.js";
import { text } from "../lib/texts.js";

const EVERY = 5000; // milliseconds, while the page can be seen

class LiveStatistics extends HTMLElement {
  #newest;
  #timer;
  #asking;

  connectedCallback() {
    this.#newest = this.dataset.newest;
    document.addEventListener("library-changed", this.#onLibraryChanged);
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
    this.#wait();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    document.removeEventListener("library-changed", this.#onLibraryChanged);
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
  }

  #wait() {
    clearTimeout(this.#timer);
    if (!document.hidden) this.#timer = setTimeout(() => this.#ask(), EVERY);
  }

  #onVisibilityChange = () => {
    if (!document.hidden) this.#ask();
  };

  /** The list is fetched anew at the same time, so nothing in it is news. */
  #onLibraryChanged = () => this.#ask({ seen: true });

  async #ask({ seen = false } = {}) {
    this.#asking?.abort();
    this.#asking = new AbortController();
    try {
      const response = await fetch(`${this.dataset.url}?after=${this.#newest}`, {
        signal: this.#asking.signal,
      });
      if (response.ok && !response.redirected) this.#show(await response.text(), seen);
    } catch (error) {
      // A server that is away for a moment: the numbers stay, and the next question comes.
      if (!(error instanceof TypeError || error.name === "AbortError")) throw error;
    }
    this.#wait();
  }

  #show(markup, seen) {
    const cards = new DOMParser().parseFromString(markup, "text/html").querySelector(".statistics");
    const { newest, arrived } = cards.dataset;
    const old = this.querySelector(".statistics");
    if (old.innerHTML !== cards.innerHTML && !old.contains(document.activeElement)) {
      old.replaceWith(cards);
    }
    if (seen) {
      this.#newest = newest;
      this.#announce(0, newest);
    } else {
      this.#announce(Number(arrived), newest);
    }
  }

  #announce(count, newest) {
    const sign = this.querySelector(".arrivals");
    if (count === 0) {
      sign.replaceChildren();
      return;
    }
    const words = text("arrived", { count });
    if (sign.textContent === words) return;
    const button = element("button", { class: "arrivals__button", type: "button" }, [words]);
    button.addEventListener("click", () => {
      this.#newest = newest;
      sign.replaceChildren();
      this.dispatchEvent(new CustomEvent("show-newest", { bubbles: true }));
    });
    sign.replaceChildren(button);
  }
}

customElements.define("live-statistics", LiveStatistics);

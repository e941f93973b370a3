/**
 * <live-statistics data-url data-events data-newest>: the cards, true within a second, and word of
 * pictures that have arrived while the page was open. `pictures-told` on the document says what
 * those that are shown are now: sets of `ids` asked for, `gone` and `favorites`. Where the server's events cannot be heard,
 * the page asks every few seconds.
 */
import { element, parse } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { tell } from "../page/signals.js";
import { text } from "../page/texts.js";
import { LiveEvents } from "../server/live-events.js";

const EVERY = 5000; // milliseconds, while the page can be seen and hears nothing
const SETTLED = 2000; // after all is loaded: a page that is left at once opens no stream
const SOON = 300; // what changes in this page is told by the page itself, a little later

class LiveStatistics extends PageElement {
  #newest;
  #timer;
  #asking;
  #isAskedAgain = false;
  #isHearing = false;
  #opening;
  #events;

  prepared() {
    this.#newest = this.dataset.newest;
    this.#events = new LiveEvents(this.dataset.events, {
      onOpen: () => {
        this.#isHearing = true;
        this.#askSoon(0); // what has changed before
      },
      onChanged: () => this.#askSoon(SOON),
      onLost: () => {
        this.#isHearing = false;
        this.#wait();
      },
    });
  }

  connected() {
    this.listen(document, {
      "library-changed": this.#onLibraryChanged,
      visibilitychange: this.#onVisibilityChange,
    });
    this.#wait();
    if (document.readyState === "complete") this.#onLoad();
    else this.listen(window, { load: this.#onLoad }, { once: true });
  }

  disconnected() {
    this.#stop();
    this.#asking?.abort();
    this.#asking = undefined;
  }

  /** Pictures need the few connections that a browser has more urgently. */
  #onLoad() {
    this.#follow(SETTLED);
  }

  #follow(delay) {
    clearTimeout(this.#opening);
    if (!document.hidden) this.#opening = setTimeout(() => this.#events.open(), delay);
  }

  #stop() {
    clearTimeout(this.#opening);
    clearTimeout(this.#timer);
    this.#events.close();
    this.#isHearing = false;
  }

  #wait() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    if (this.#isAskedAgain) this.#askSoon(SOON);
    else if (!this.#isHearing) this.#timer = setTimeout(() => this.#ask(), EVERY);
  }

  /** While an answer is awaited, a change leads to one more question, however many there are. */
  #askSoon(delay) {
    this.#isAskedAgain = this.#asking !== undefined;
    if (this.#isAskedAgain) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), delay);
  }

  #onVisibilityChange() {
    if (document.hidden) {
      this.#stop();
    } else {
      this.#ask();
      this.#follow(0);
    }
  }

  /** The list is fetched anew at the same time, so nothing in it is news. */
  #onLibraryChanged() {
    this.#ask({ seen: true });
  }

  async #ask({ seen = false } = {}) {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const shown = [...document.querySelectorAll("gallery-page [data-id]")];
    const ids = shown.map(({ dataset }) => dataset.id);
    try {
      const response = await fetch(`${this.dataset.url}?after=${this.#newest}&ids=${ids}`, {
        signal: asking.signal,
      });
      if (response.ok && !response.redirected) this.#show(await response.text(), ids, seen);
    } catch (error) {
      // A server that is away for a moment: the numbers stay, and the next question comes.
      if (!(error instanceof TypeError || error.name === "AbortError")) throw error;
    }
    if (this.#asking !== asking) return; // a newer question goes on
    this.#asking = undefined;
    this.#wait();
  }

  #show(markup, ids, seen) {
    const cards = parse(markup).querySelector(".statistics");
    const { newest, arrived, gone, favorites } = cards.dataset;
    tell("pictures-told", { ids: new Set(ids), gone: words(gone), favorites: words(favorites) });
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
      tell("show-newest");
    });
    sign.replaceChildren(button);
  }
}

function words(line) {
  return new Set(line.split(" "));
}

customElements.define("live-statistics", LiveStatistics);

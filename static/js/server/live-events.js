/**
 * Word from the server that the library has changed.
 *
 * A browser opens few connections to one host, so a page has one only while it can be seen: that
 * is up to whoever calls open() and close().
 */
const REOPEN = 60_000; // milliseconds, after the server has refused

export class LiveEvents {
  #url;
  #onOpen;
  #onChanged;
  #onLost;
  #source;
  #timer;

  /**
   * @param {object} heard
   * @param {() => void} heard.onOpen from now on every change is told
   * @param {() => void} heard.onChanged
   * @param {() => void} heard.onLost from now on nothing is told, until onOpen is called again
   */
  constructor(url, { onOpen, onChanged, onLost }) {
    this.#url = url;
    this.#onOpen = onOpen;
    this.#onChanged = onChanged;
    this.#onLost = onLost;
  }

  open() {
    this.close();
    const source = new EventSource(this.#url);
    // Not at "open": a proxy that keeps the events back lets the head of the answer through.
    source.addEventListener("listening", this.#onOpen);
    source.addEventListener("changed", this.#onChanged);
    source.addEventListener("error", () => {
      this.#onLost();
      // A stream that broke off is opened again by the browser, one that was refused is not.
      if (source.readyState === EventSource.CLOSED) {
        this.#timer = setTimeout(() => this.open(), REOPEN);
      }
    });
    this.#source = source;
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }
}

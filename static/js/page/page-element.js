/**
 * What our elements have in common: one may leave the page and be put back, and nothing of it stays
 * behind or is done twice.
 */
export class PageElement extends HTMLElement {
  #isPrepared = false;
  #stay; // AbortController: until it leaves the page

  connectedCallback() {
    this.#stay = new AbortController();
    // While the document is being parsed an element comes before its children.
    if (document.readyState === "loading") this.listen(document, { DOMContentLoaded: this.#begin });
    else this.#begin();
  }

  disconnectedCallback() {
    this.#stay.abort();
    if (this.#isPrepared) this.disconnected();
  }

  #begin() {
    if (!this.#isPrepared) this.prepared();
    this.#isPrepared = true;
    this.connected();
  }

  /** Called once, when its children are there. */
  prepared() {}

  /** Called whenever it is on the page with its children: the place to `listen`. */
  connected() {}

  /** Called when it has left, its listeners with it: timers and connections end here. */
  disconnected() {}

  /**
   * Calls methods of this element, `{click: this.#onClick}`, until it leaves the page.
   * @param {EventTarget} target
   * @param {AddEventListenerOptions} [options]
   */
  listen(target, methods, options = {}) {
    const { signal } = this.#stay;
    for (const [type, method] of Object.entries(methods)) {
      target.addEventListener(type, method.bind(this), { ...options, signal });
    }
  }
}

/** <long-press>: a finger that rests on a picture of the list selects it. */
import { PageElement } from "../page/page-element.js";

const LONG = 450; // milliseconds
const STILL = 10; // pixels that a resting finger moves

class LongPress extends PageElement {
  #timer;
  #start = null;
  #isHandled = false; // until the finger is lifted: what follows is no tap

  connected() {
    this.listen(document, {
      pointerdown: this.#onPointerDown,
      pointermove: this.#onPointerMove,
      pointerup: this.#end,
      pointercancel: this.#end, // the page is scrolled
    });
    const swallowed = { click: this.#swallow, contextmenu: this.#swallow };
    this.listen(document, swallowed, { capture: true });
  }

  disconnected() {
    this.#end();
  }

  #onPointerDown({ target, pointerType, isPrimary, clientX, clientY }) {
    clearTimeout(this.#timer);
    this.#isHandled = false;
    const item = target.closest("gallery-page [data-id]");
    if (pointerType !== "touch" || !isPrimary || !item || target.closest("button, label")) return;
    this.#start = { clientX, clientY };
    this.#timer = setTimeout(() => {
      this.#isHandled = true;
      document.querySelector("selection-bar").toggle(item.dataset.id);
      navigator.vibrate?.(10);
    }, LONG);
  }

  #onPointerMove({ clientX, clientY }) {
    if (!this.#start) return;
    const moved = Math.hypot(clientX - this.#start.clientX, clientY - this.#start.clientY);
    if (moved > STILL) this.#end();
  }

  #end() {
    clearTimeout(this.#timer);
    this.#start = null;
  }

  #swallow(event) {
    const isOurs = event.target.closest?.("gallery-page [data-id]");
    if (!isOurs || !(this.#isHandled || (event.type === "contextmenu" && this.#start))) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "click") this.#isHandled = false;
  }
}

customElements.define("long-press", LongPress);

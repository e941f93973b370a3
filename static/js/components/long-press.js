/** <long-press>: a finger that rests on a picture of the list selects it. */
const LONG = 450; // milliseconds
const STILL = 10; // pixels that a resting finger moves

class LongPress extends HTMLElement {
  #timer;
  #start = null;
  #isHandled = false; // until the finger is lifted: what follows is no tap

  connectedCallback() {
    document.addEventListener("pointerdown", this.#onPointerDown);
    document.addEventListener("pointermove", this.#onPointerMove);
    document.addEventListener("pointerup", this.#end);
    document.addEventListener("pointercancel", this.#end); // the page is scrolled
    document.addEventListener("click", this.#swallow, { capture: true });
    document.addEventListener("contextmenu", this.#swallow, { capture: true });
  }

  #onPointerDown = ({ target, pointerType, isPrimary, clientX, clientY }) => {
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
  };

  #onPointerMove = ({ clientX, clientY }) => {
    if (!this.#start) return;
    const moved = Math.hypot(clientX - this.#start.clientX, clientY - this.#start.clientY);
    if (moved > STILL) this.#end();
  };

  #end = () => {
    clearTimeout(this.#timer);
    this.#start = null;
  };

  #swallow = (event) => {
    const isOurs = event.target.closest?.("gallery-page [data-id]");
    if (!isOurs || !(this.#isHandled || (event.type === "contextmenu" && this.#start))) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "click") this.#isHandled = false;
  };
}

customElements.define("long-press", LongPress);

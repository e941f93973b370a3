/**
 * <image-stage>: the large picture, to zoom (wheel, two fingers, double press, buttons, + − 0), to
 * move (drag) and, while it fits, to leave by a swipe: `step` events with detail -1 or 1, `leave`.
 */
import { FIT, held, moveBy, zoomAt } from "../lib/zoom.js";
import { PageElement } from "../page/page-element.js";

const SWIPE = 60; // pixels
const STEP = 1.4;

class ImageStage extends PageElement {
  #view = FIT;
  #pointers = new Map();
  #start;

  connected() {
    this.querySelector(".stage__zoom").hidden = false;
    this.listen(this, { wheel: this.#onWheel }, { passive: false });
    this.listen(this, {
      dblclick: this.#onDoubleClick,
      pointerdown: this.#onPointerDown,
      pointermove: this.#onPointerMove,
      pointerup: this.#onPointerUp,
      pointercancel: this.#onPointerUp,
      click: this.#onClick,
    });
    this.listen(this, { load: this.#onLoad, error: this.#onError }, { capture: true });
    const full = this.querySelector(".stage__full");
    if (full.complete && full.naturalWidth > 0) this.#onLoad({ target: full });
    for (const image of [full, this.querySelector(".stage__preview")]) {
      if (image.complete && image.naturalWidth === 0) this.#onError({ target: image });
    }
  }

  #onLoad({ target }) {
    if (target.matches(".stage__full")) this.classList.add("stage--loaded");
  }

  #onError({ target }) {
    target.classList.add("stage__image--broken");
    if (target.matches(".stage__full")) this.querySelector(".stage__broken").hidden = false;
  }

  zoom(direction) {
    if (direction === "reset") this.#show(FIT);
    else this.#zoomBy(direction === "in" ? STEP : 1 / STEP, { x: 0, y: 0 });
  }

  get #frame() {
    return { width: this.clientWidth, height: this.clientHeight };
  }

  #point(event) {
    const box = this.getBoundingClientRect();
    return {
      x: event.clientX - box.left - box.width / 2,
      y: event.clientY - box.top - box.height / 2,
    };
  }

  #zoomBy(factor, point) {
    this.#show(zoomAt(this.#view, factor, point, this.#frame));
  }

  #show(view) {
    this.#view = view;
    const { scale, x, y } = view;
    const { style } = this.querySelector(".stage__picture");
    style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
    this.classList.toggle("stage--zoomed", scale > 1);
    const words = this.querySelector(".stage__scale");
    words.textContent = scale === 1 ? words.dataset.fit : `${scale.toFixed(1)}×`;
  }

  #onClick(event) {
    const button = event.target.closest("[data-zoom]");
    if (button) this.zoom(button.dataset.zoom);
  }

  #onWheel(event) {
    event.preventDefault();
    this.#zoomBy(Math.exp(-event.deltaY / 400), this.#point(event));
  }

  #onDoubleClick(event) {
    if (event.target.closest("a, button, label")) return;
    if (this.#view.scale > 1) this.#show(FIT);
    else this.#zoomBy(2.5, this.#point(event));
  }

  #onPointerDown(event) {
    if (event.button !== 0 || event.target.closest("a, button, label")) return;
    this.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#point(event));
    this.#start = this.#pointers.size === 1 ? this.#point(event) : null;
  }

  #onPointerMove(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#point(event);
    if (this.#pointers.size === 1 && this.#view.scale > 1) {
      this.classList.add("stage--moving");
      this.#show(moveBy(this.#view, now.x - before.x, now.y - before.y, this.#frame));
    } else if (this.#pointers.size === 2) {
      const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId);
      this.#pinch(before, now, other[1]);
    }
    this.#pointers.set(event.pointerId, now);
  }

  #pinch(before, now, other) {
    const factor = distance(now, other) / Math.max(1, distance(before, other));
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const moved = moveBy(this.#view, (now.x - before.x) / 2, (now.y - before.y) / 2, this.#frame);
    this.#show(held(zoomAt(moved, factor, middle, this.#frame), this.#frame));
  }

  #onPointerUp(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    this.classList.remove("stage--moving");
    if (event.type === "pointerup" && event.pointerType === "touch" && this.#view.scale === 1) {
      this.#swipe(this.#point(event));
    }
  }

  #swipe(end) {
    if (!this.#start) return;
    const x = end.x - this.#start.x;
    const y = end.y - this.#start.y;
    if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) {
      this.dispatchEvent(new CustomEvent("step", { bubbles: true, detail: x < 0 ? 1 : -1 }));
    } else if (y > 1.5 * SWIPE && y > 2 * Math.abs(x)) {
      this.dispatchEvent(new CustomEvent("leave", { bubbles: true }));
    }
  }
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

customElements.define("image-stage", ImageStage);

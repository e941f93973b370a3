/**
 * <pop-menu> around a <details>: Escape, a press elsewhere, and focus moving away close it. Its
 * panel stays inside of the window, wherever its button stands.
 */
import { PageElement } from "../page/page-element.js";

const MARGIN = 8; // pixels between the panel and the window's edge

class PopMenu extends PageElement {
  #sizes = new ResizeObserver(() => this.#keepInside());

  connected() {
    // It has a size once it is open: this is told before anything is drawn.
    this.#sizes.observe(this.querySelector(".menu__panel"));
    this.#sizes.observe(document.documentElement);
    this.listen(this, { keydown: this.#onKeydown, focusout: this.#onFocusOut });
    this.listen(document, { pointerdown: this.#onPointerDown });
  }

  disconnected() {
    this.#sizes.disconnect();
  }

  get #details() {
    return this.querySelector("details");
  }

  #keepInside() {
    const panel = this.querySelector(".menu__panel");
    if (!this.#details.open || !panel) return;
    panel.style.removeProperty("--into-window");
    const { left, right } = panel.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const shift = Math.max(MARGIN - left, Math.min(0, width - MARGIN - right));
    panel.style.setProperty("--into-window", `${shift}px`);
  }

  #onKeydown(event) {
    if (event.key !== "Escape" || !this.#details.open) return;
    event.stopPropagation();
    this.#details.open = false;
    this.#details.querySelector("summary").focus();
  }

  #onFocusOut({ relatedTarget }) {
    // A press on a label gives the focus to what surrounds the menu, and is no leaving.
    if (!relatedTarget || relatedTarget.contains(this)) return;
    if (!this.contains(relatedTarget)) this.#details.open = false;
  }

  #onPointerDown(event) {
    if (!this.contains(event.target)) this.#details.open = false;
  }
}

customElements.define("pop-menu", PopMenu);

/** <pop-menu> around a <details>: Escape, a press elsewhere, and focus moving away close it. */
class PopMenu extends HTMLElement {
  #details;

  connectedCallback() {
    this.#details = this.querySelector("details");
    this.addEventListener("keydown", this.#onKeydown);
    this.addEventListener("focusout", this.#onFocusOut);
    document.addEventListener("pointerdown", this.#onPointerDown);
  }

  disconnectedCallback() {
    this.removeEventListener("keydown", this.#onKeydown);
    this.removeEventListener("focusout", this.#onFocusOut);
    document.removeEventListener("pointerdown", this.#onPointerDown);
  }

  #onKeydown = (event) => {
    if (event.key !== "Escape" || !this.#details.open) return;
    event.stopPropagation();
    this.#details.open = false;
    this.#details.querySelector("summary").focus();
  };

  #onFocusOut = ({ relatedTarget }) => {
    // A press on a label gives the focus to what surrounds the menu, and is no leaving.
    if (!relatedTarget || relatedTarget.contains(this)) return;
    if (!this.contains(relatedTarget)) this.#details.open = false;
  };

  #onPointerDown = (event) => {
    if (!this.contains(event.target)) this.#details.open = false;
  };
}

customElements.define("pop-menu", PopMenu);

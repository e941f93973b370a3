import { element } from "./elements.js";
import { PageElement } from "./page-element.js";

let made = 0;

/**
 * Around a text field: a list of what can be put into it. Arrows choose, Enter, Tab or a press takes,
 * Escape closes. Who extends it decides what to `offer()` while somebody types, and how to `take()`.
 */
export class Combobox extends PageElement {
  #list;
  #values = [];
  #chosen = -1;

  get field() {
    return this.querySelector("input, textarea");
  }

  prepared() {
    made += 1;
    const { field } = this;
    this.#list = element("ul", {
      class: "completion",
      role: "listbox",
      id: `completion-${made}`,
      "aria-label": this.dataset.label ?? field.ariaLabel ?? field.labels[0]?.textContent,
    });
    this.append(this.#list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.#list.id);
    if (this.#mayExpand) field.setAttribute("role", "combobox");
    this.close();
  }

  connected() {
    this.listen(this.field, { input: this.offer, blur: this.close, keydown: this.#onKeydown });
    this.listen(this.#list, { pointerdown: this.#onPointerDown });
  }

  /** Called while somebody types: `show()` what fits. */
  offer() {}

  /** Called with the `value` of an option; `isPressed` where no key has chosen it. */
  take(_value, _isPressed) {}

  /** Show options, `{value, content: [nodes or texts], dir}`; without one the list closes. */
  show(options) {
    this.#values = options.map(({ value }) => value);
    this.#list.replaceChildren(
      ...options.map(({ content, dir }, place) =>
        element("li", { role: "option", id: `${this.#list.id}-${place}`, dir }, content),
      ),
    );
    this.#open(options.length > 0);
  }

  close() {
    this.#open(false);
  }

  /** Whether its role can be "combobox": a text of several lines has no other than its own. */
  get #mayExpand() {
    return this.field.localName === "input";
  }

  #open(isOpen) {
    this.#list.hidden = !isOpen;
    if (this.#mayExpand) this.field.setAttribute("aria-expanded", String(isOpen));
    this.#choose(-1);
  }

  #choose(place) {
    this.#chosen = place;
    const options = [...this.#list.children];
    for (const [index, option] of options.entries()) {
      option.setAttribute("aria-selected", String(index === place));
    }
    if (options[place]) this.field.setAttribute("aria-activedescendant", options[place].id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #take(place, isPressed) {
    this.close();
    this.take(this.#values[place], isPressed);
  }

  #onKeydown(event) {
    if (this.#list.hidden && this.#mayExpand && event.key === "ArrowDown") this.offer();
    if (this.#list.hidden || event.isComposing || event.ctrlKey || event.metaKey) return;
    const count = this.#values.length;
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % count);
    else if (event.key === "ArrowUp") this.#choose((this.#chosen - 1 + count) % count);
    else if (event.key === "Escape") this.close();
    else if (["Enter", "Tab"].includes(event.key) && this.#chosen >= 0) {
      this.#take(this.#chosen, false);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #onPointerDown(event) {
    event.preventDefault(); // The field keeps the focus.
    const place = [...this.#list.children].indexOf(event.target.closest("[role=option]"));
    if (place >= 0) this.#take(place, true);
  }
}

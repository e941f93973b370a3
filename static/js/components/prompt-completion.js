/**
 * <prompt-completion data-label> around the <textarea>: offers earlier prompts that hold what is being typed.
 * Arrows choose, Enter or Tab takes, Escape closes.
 */
import { matchingPrompts, Remembered } from "../lib/remembered.js";
import { element } from "../page/elements.js";

class PromptCompletion extends HTMLElement {
  #list;
  #chosen = -1;

  connectedCallback() {
    if (this.#list) return;
    const field = this.#field;
    this.#list = element("ul", {
      class: "prompts",
      role: "listbox",
      id: "earlier-prompts",
      "aria-label": this.dataset.label,
    });
    this.#list.hidden = true;
    this.append(this.#list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.#list.id);
    field.addEventListener("input", this.#offer);
    field.addEventListener("blur", this.#close);
    field.addEventListener("keydown", this.#onKeydown);
    this.#list.addEventListener("pointerdown", this.#onPointerDown);
  }

  get #field() {
    return this.querySelector("textarea");
  }

  #offer = () => {
    const found = matchingPrompts(new Remembered(localStorage).prompts, this.#field.value);
    this.#choose(-1);
    this.#list.replaceChildren(
      ...found.map((prompt, place) =>
        element("li", { role: "option", id: `earlier-prompt-${place}`, dir: "auto" }, [prompt]),
      ),
    );
    this.#list.hidden = found.length === 0;
  };

  #close = () => {
    this.#list.hidden = true;
    this.#choose(-1);
  };

  #choose(place) {
    this.#chosen = place;
    const options = [...this.#list.children];
    for (const [index, option] of options.entries()) {
      option.setAttribute("aria-selected", String(index === place));
    }
    if (options[place]) this.#field.setAttribute("aria-activedescendant", options[place].id);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  #take(option) {
    this.#field.value = option.textContent;
    this.#close();
  }

  #onKeydown = (event) => {
    if (this.#list.hidden || event.isComposing || event.ctrlKey || event.metaKey) return;
    const count = this.#list.children.length;
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % count);
    else if (event.key === "ArrowUp") this.#choose((this.#chosen - 1 + count) % count);
    else if (event.key === "Escape") this.#close();
    else if (["Enter", "Tab"].includes(event.key) && this.#chosen >= 0) {
      this.#take(this.#list.children[this.#chosen]);
    } else return;
    event.preventDefault();
  };

  #onPointerDown = (event) => {
    event.preventDefault(); // The field keeps the focus.
    const option = event.target.closest("[role=option]");
    if (option) this.#take(option);
  };
}

customElements.define("prompt-completion", PromptCompletion);

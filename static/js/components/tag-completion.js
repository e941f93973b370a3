/**
 * <tag-completion> around an <input>: offers the library's tags for the name that is being typed,
 * most used first. With `data-facets` they are those of the pictures that the filters show; with
 * `source`, a function, those that it promises, and whether their counts are exact.
 * Arrows open and choose, Enter or Tab takes, Escape closes.
 */
import { formatBound } from "../lib/format.js";
import { complete, lastName, splitNames, withLastName } from "../lib/tag-names.js";
import { element } from "../page/elements.js";
import { facets } from "../server/facets.js";
import { api, send } from "../server/requests.js";

let made = 0;
let known = null; // promise of all tags; asked for when first needed, and after changes

document.addEventListener("library-changed", () => {
  known = null;
});

class TagCompletion extends HTMLElement {
  source = null;
  #list;
  #chosen = -1;

  connectedCallback() {
    if (this.#list) return;
    made += 1;
    this.#list = element("ul", { class: "completion", role: "listbox", id: `completion-${made}` });
    this.#list.hidden = true;
    this.append(this.#list);
    const input = this.#input;
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.#list.id,
    })) {
      input.setAttribute(name, value);
    }
    this.#list.setAttribute("aria-label", input.ariaLabel ?? input.labels[0]?.textContent ?? "");
    input.addEventListener("input", this.#offer);
    input.addEventListener("click", this.#offer);
    input.addEventListener("focus", () => this.source && this.#offer());
    input.addEventListener("blur", this.#close);
    input.addEventListener("keydown", this.#onKeydown);
    this.#list.addEventListener("pointerdown", this.#onPointerDown);
  }

  get #input() {
    return this.querySelector("input");
  }

  get #options() {
    return [...this.#list.children];
  }

  #offer = async () => {
    const line = this.#input.value;
    let tags;
    let exact;
    try {
      [tags, exact] = await this.#tags();
    } catch {
      known = null; // Names can be typed without help.
      return;
    }
    if (this.#input.value !== line || document.activeElement !== this.#input) return;
    const editor = this.closest("tag-editor");
    const taken = [...splitNames(line), ...(editor ? editor.names : [])];
    const offers = complete(tags, lastName(line), taken);
    this.#chosen = -1;
    this.#list.replaceChildren(
      ...offers.map((tag, place) =>
        element("li", { role: "option", id: `${this.#list.id}-${place}`, "data-name": tag.name }, [
          element("bdi", {}, [tag.name]),
          element("span", { class: "count" }, [formatBound(tag.count, exact)]),
        ]),
      ),
    );
    this.#open(offers.length > 0);
  };

  /** The tags, and whether their counts are exact. */
  async #tags() {
    if (this.source) return this.source();
    if ("facets" in this.dataset) {
      const counted = await facets();
      return [counted.tags, counted.count_exact];
    }
    known ??= send(api("tags/"), { method: "GET" });
    return [await known, true];
  }

  #open(open) {
    this.#list.hidden = !open;
    this.#input.setAttribute("aria-expanded", String(open));
    if (!open) this.#choose(-1);
  }

  #close = () => this.#open(false);

  #choose(place) {
    this.#chosen = place;
    for (const [index, option] of this.#options.entries()) {
      option.setAttribute("aria-selected", String(index === place));
    }
    const id = this.#options[place]?.id;
    if (id) this.#input.setAttribute("aria-activedescendant", id);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #take(option) {
    const more = !this.closest("tag-editor");
    this.#input.value = withLastName(this.#input.value, option.dataset.name, { more });
    this.#close();
  }

  #onKeydown = (event) => {
    if (this.#list.hidden && event.key === "ArrowDown") this.#offer();
    if (this.#list.hidden || event.isComposing) return;
    const count = this.#options.length;
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % count);
    else if (event.key === "ArrowUp") this.#choose((this.#chosen - 1 + count) % count);
    else if (event.key === "Escape") this.#close();
    else if (["Enter", "Tab"].includes(event.key) && this.#chosen >= 0) {
      this.#take(this.#options[this.#chosen]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #onPointerDown = (event) => {
    event.preventDefault(); // The input keeps the focus.
    const option = event.target.closest("[role=option]");
    if (!option) return;
    this.#take(option);
    this.closest("tag-editor")?.submit();
  };
}

customElements.define("tag-completion", TagCompletion);

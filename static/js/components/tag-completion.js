/**
 * <tag-completion> around an <input>: offers the library's tags for the name that is being typed,
 * most used first. With `data-facets` they are those of the pictures that the filters show; with
 * `source`, a function, those that it promises, and whether their counts are exact.
 */
import { formatBound } from "../lib/format.js";
import { complete, lastName, splitNames, withLastName } from "../lib/tag-names.js";
import { Combobox } from "../page/combobox.js";
import { element } from "../page/elements.js";
import { facets } from "../server/facets.js";
import { api, send } from "../server/requests.js";

let known = null; // promise of all tags; asked for when first needed, and after changes

document.addEventListener("library-changed", () => {
  known = null;
});

class TagCompletion extends Combobox {
  source = null;

  connected() {
    super.connected();
    this.listen(this.field, { click: this.offer, focus: this.#onFocus });
  }

  get #editor() {
    return this.closest("tag-editor");
  }

  #onFocus() {
    if (this.source) this.offer();
  }

  async offer() {
    const line = this.field.value;
    let tags;
    let exact;
    try {
      [tags, exact] = await this.#tags();
    } catch {
      known = null; // Names can be typed without help.
      return;
    }
    if (this.field.value !== line || document.activeElement !== this.field) return;
    const taken = [...splitNames(line), ...(this.#editor?.names ?? [])];
    this.show(
      complete(tags, lastName(line), taken).map(({ name, count }) => ({
        value: name,
        content: [
          element("bdi", {}, [name]),
          element("span", { class: "count" }, [formatBound(count, exact)]),
        ],
      })),
    );
  }

  take(name, isPressed) {
    const more = !this.#editor;
    this.field.value = withLastName(this.field.value, name, { more });
    if (isPressed) this.#editor?.submit();
  }

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
}

customElements.define("tag-completion", TagCompletion);

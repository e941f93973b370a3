/** <tags-dialog> around a <dialog>: which tags to add to and remove from a selection. */
import { splitNames } from "../lib/tag-names.js";
import { PageElement } from "../page/page-element.js";
import { text } from "../page/texts.js";

class TagsDialog extends PageElement {
  connected() {
    this.listen(this, { keydown: this.#onKeydown });
  }

  /**
   * @param {number} count
   * @param {() => Promise<[{name: string, count: number}[], boolean]>} tags those that the
   *     selection has, which are offered for removal
   * @returns {Promise<{add: string[], remove: string[]} | null>}
   */
  ask(count, tags) {
    const dialog = this.querySelector("dialog");
    const form = this.querySelector("form");
    this.querySelector("[data-title]").textContent = text("tags-title", { count });
    form.elements.remove.closest("tag-completion").source = tags;
    dialog.returnValue = "";
    let pressed = false; // a button: Escape leaves the fields as they are for the next time
    form.addEventListener(
      "submit",
      () => {
        pressed = true;
      },
      { once: true },
    );
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(this.#answer(dialog, form, pressed)), {
        once: true,
      });
    });
  }

  #answer(dialog, form, pressed) {
    const add = splitNames(form.elements.add.value);
    const remove = splitNames(form.elements.remove.value);
    if (pressed) form.reset();
    return dialog.returnValue === "save" && add.length + remove.length > 0 ? { add, remove } : null;
  }

  /** Out of the field first: what is typed there is not lost by one key. */
  #onKeydown(event) {
    if (event.key !== "Escape" || !event.target.matches("input") || !event.target.value) return;
    event.preventDefault();
    event.stopPropagation();
    this.querySelector("[value=save]").focus();
  }
}

customElements.define("tags-dialog", TagsDialog);

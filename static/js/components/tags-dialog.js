/** <tags-dialog> around a <dialog>: which tags to add to and remove from a selection. */
import { splitNames } from "../lib/tag-names.js";
import { text } from "../lib/texts.js";

class TagsDialog extends HTMLElement {
  /**
   * @param {number} count
   * @returns {Promise<{add: string[], remove: string[]} | null>}
   */
  ask(count) {
    const dialog = this.querySelector("dialog");
    const form = this.querySelector("form");
    this.querySelector("[data-title]").textContent = text("tags-title", { count });
    form.reset();
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(this.#answer(dialog, form)), { once: true });
    });
  }

  #answer(dialog, form) {
    const add = splitNames(form.elements.add.value);
    const remove = splitNames(form.elements.remove.value);
    return dialog.returnValue === "save" && add.length + remove.length > 0 ? { add, remove } : null;
  }
}

customElements.define("tags-dialog", TagsDialog);

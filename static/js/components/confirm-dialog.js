/** <confirm-dialog> around a <dialog>: asks before pictures go, and says how many. */
import { text } from "../lib/texts.js";

class ConfirmDialog extends HTMLElement {
  /**
   * @param {number} count
   * @param {string} question name of the text that asks
   * @returns {Promise<"trash" | "forever" | null>}
   */
  ask(count, question = "delete-title") {
    const dialog = this.querySelector("dialog");
    this.querySelector("[data-title]").textContent = text(question, { count });
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
    });
  }
}

customElements.define("confirm-dialog", ConfirmDialog);

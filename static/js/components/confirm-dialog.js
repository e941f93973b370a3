/** <confirm-dialog> around a <dialog>: asks before pictures go, and says how many. */
import { text } from "../lib/texts.js";

class ConfirmDialog extends HTMLElement {
  /**
   * @param {number} count
   * @returns {Promise<"trash" | "forever" | null>}
   */
  ask(count) {
    const dialog = this.querySelector("dialog");
    this.querySelector("[data-title]").textContent = text("delete-title", { count });
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
    });
  }
}

customElements.define("confirm-dialog", ConfirmDialog);

/** <confirm-dialog> around a <dialog>: asks before pictures go, and says how many. */
import { text } from "../page/texts.js";

class ConfirmDialog extends HTMLElement {
  /**
   * @param {number} count
   * @param {string} question name of the text that asks
   * @param {{hidden?: number, address?: string}} [sight] how many are not on the page, and where
   *     all can be seen
   * @returns {Promise<"trash" | "forever" | null>}
   */
  ask(count, question = "delete-title", { hidden = 0, address = "" } = {}) {
    const dialog = this.querySelector("dialog");
    this.querySelector("[data-title]").textContent = text(question, { count });
    const line = this.querySelector("[data-hidden]");
    line.hidden = hidden === 0;
    if (hidden > 0) {
      line.querySelector("[data-sentence]").textContent = text("hidden-among", { count: hidden });
      line.querySelector("a").href = address;
    }
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue || null), { once: true });
    });
  }
}

customElements.define("confirm-dialog", ConfirmDialog);

/** <copy-button> around a <button>: copies the prompt of the picture that is shown. */
import { PageElement } from "../page/page-element.js";
import { toast } from "../page/signals.js";
import { text } from "../page/texts.js";

class CopyButton extends PageElement {
  connected() {
    this.hidden = false;
    this.listen(this, { click: this.#onClick });
  }

  async #onClick() {
    const prompt = this.closest("[data-id]").querySelector("[data-prompt]").textContent;
    try {
      await copy(prompt);
      toast(this, { text: text("copied") });
    } catch {
      toast(this, { text: text("not-copied"), error: true });
    }
  }
}

/** Browsers have `navigator.clipboard` on HTTPS and on this machine alone. */
async function copy(words) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(words);
    return;
  }
  const area = document.createElement("textarea");
  area.value = words;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser did not copy.");
}

customElements.define("copy-button", CopyButton);

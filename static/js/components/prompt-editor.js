/** <prompt-editor data-image> around <details> with a form: one picture's prompt, undoable. */
import { bringDraft, keepDraft } from "../page/drafts.js";
import { PageElement } from "../page/page-element.js";
import { announce } from "../page/signals.js";
import { text } from "../page/texts.js";
import { makeChange, tellChange } from "../pictures/changes.js";

class PromptEditor extends PageElement {
  #saving = false;

  connected() {
    this.listen(this, {
      submit: this.#onSubmit,
      click: this.#onClick,
      keydown: this.#onKeydown,
    });
    this.listen(this.#details, { toggle: this.#onToggle });
    bringDraft(this.#draft, this.#field);
  }

  disconnected() {
    keepDraft(this.#draft, this.#field);
  }

  get #draft() {
    return `prompt ${this.dataset.image}`;
  }

  get #details() {
    return this.querySelector("details");
  }

  get #field() {
    return this.querySelector("textarea");
  }

  #onToggle() {
    if (this.#details.open) this.#field.focus();
  }

  #onClick(event) {
    if (event.target.closest("[data-cancel]")) this.#close();
  }

  #onKeydown(event) {
    if (event.target !== this.#field) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      // What was typed is not lost by one key.
      if (this.#field.value === this.#field.defaultValue) this.#close();
      else this.querySelector("[data-cancel]").focus();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.querySelector("form").requestSubmit();
    }
  }

  #close() {
    this.querySelector("form").reset();
    this.#details.open = false;
    this.querySelector("summary").focus();
  }

  async #onSubmit(event) {
    event.preventDefault();
    if (this.#saving) return;
    this.#saving = true;
    const complaint = this.querySelector("[role=alert]");
    complaint.hidden = true;
    try {
      const form = new FormData(event.target);
      const headers = { "HX-Request": "true" };
      const done = await makeChange(event.target.action, { form, headers });
      tellChange(text("prompt-saved"), done.change);
      this.#field.defaultValue = this.#field.value;
      keepDraft(this.#draft, null);
      announce({ refreshDetail: true });
    } catch (error) {
      complaint.textContent = error.message;
      complaint.hidden = false;
    } finally {
      this.#saving = false;
    }
  }
}

customElements.define("prompt-editor", PromptEditor);

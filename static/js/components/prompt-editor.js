/** <prompt-editor data-image> around <details> with a form: one picture's prompt, undoable. */
import { bringDraft, keepDraft } from "../page/drafts.js";
import { toast } from "../page/elements.js";
import { text } from "../page/texts.js";
import { announce } from "../pictures/actions.js";
import { remember, undo } from "../pictures/undo.js";
import { exchange } from "../server/requests.js";

class PromptEditor extends HTMLElement {
  #saving = false;

  connectedCallback() {
    this.addEventListener("submit", this.#onSubmit);
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKeydown);
    this.#details.addEventListener("toggle", this.#onToggle);
    bringDraft(this.#draft, this.#field);
  }

  disconnectedCallback() {
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

  #onToggle = () => {
    if (this.#details.open) this.#field.focus();
  };

  #onClick = (event) => {
    if (event.target.closest("[data-cancel]")) this.#close();
  };

  #onKeydown = (event) => {
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
  };

  #close() {
    this.querySelector("form").reset();
    this.#details.open = false;
    this.querySelector("summary").focus();
  }

  #onSubmit = async (event) => {
    event.preventDefault();
    if (this.#saving) return;
    this.#saving = true;
    const complaint = this.querySelector("[role=alert]");
    complaint.hidden = true;
    try {
      const form = new FormData(event.target);
      const headers = { "HX-Request": "true" };
      const { change } = await exchange(event.target.action, { form, headers });
      remember(change);
      const way = change && { label: text("undo"), run: () => undo(change) };
      toast(document, { text: text("prompt-saved"), action: way, seconds: 10 });
      this.#field.defaultValue = this.#field.value;
      keepDraft(this.#draft, null);
      announce({ changed: [Number(this.dataset.image)], refreshDetail: true });
    } catch (error) {
      complaint.textContent = error.message;
      complaint.hidden = false;
    } finally {
      this.#saving = false;
    }
  };
}

customElements.define("prompt-editor", PromptEditor);

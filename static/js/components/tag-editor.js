/** <tag-editor data-image> around forms: tags of one picture, saved at once, undoable. */
import { splitNames } from "../lib/tag-names.js";
import { bringDraft, keepDraft } from "../page/drafts.js";
import { parse } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { announce } from "../page/signals.js";
import { text } from "../page/texts.js";
import { makeChange, tellChange } from "../pictures/changes.js";

class TagEditor extends PageElement {
  #saving = false;

  connected() {
    this.listen(this, { submit: this.#onSubmit });
    if (this.#field) bringDraft(this.#draft, this.#field);
  }

  disconnected() {
    keepDraft(this.#draft, this.#field);
  }

  get #draft() {
    return `tags ${this.dataset.image}`;
  }

  get #field() {
    return this.querySelector("[name=add]");
  }

  /** The tags as they stand here. */
  get names() {
    return [...this.querySelectorAll(".tags__list button")].map((button) => button.value);
  }

  submit() {
    this.querySelector(".tags__add").requestSubmit();
  }

  #onSubmit(event) {
    event.preventDefault();
    const { submitter, target } = event;
    const action = target.action;
    if (submitter?.name === "remove") {
      const name = submitter.value;
      this.#change(action, { remove: [name] }, text("tag-removed", { name }));
      return;
    }
    const names = splitNames(target.elements.add.value);
    if (names.length === 0) return;
    this.#change(action, { add: names }, text("tags-added", { name: names.join(", ") }));
  }

  async #change(action, names, sentence) {
    if (this.#saving) return;
    this.#saving = true;
    const form = new FormData();
    if (names.add) form.set("add", names.add.join(","));
    for (const name of names.remove ?? []) form.append("remove", name);
    const complaint = this.querySelector("[role=alert]");
    try {
      const done = await makeChange(action, { form, headers: { "HX-Request": "true" } });
      const fresh = parse(done.answer).querySelector("tag-editor");
      if (this.isConnected) {
        const typing = this.contains(document.activeElement);
        if (!names.add) keepDraft(this.#draft, this.#field); // of another tag, half typed
        this.replaceChildren(...fresh.children);
        if (!names.add) bringDraft(this.#draft, this.#field);
        if (typing) this.#field.focus();
      }
      if (names.add) keepDraft(this.#draft, null);
      tellChange(sentence, done.change);
      announce();
    } catch (error) {
      complaint.textContent = error.message;
      complaint.hidden = false;
    } finally {
      this.#saving = false;
    }
  }
}

customElements.define("tag-editor", TagEditor);

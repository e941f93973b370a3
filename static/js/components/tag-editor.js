/** <tag-editor data-image> around forms: tags of one picture, saved at once, undoable. */
import { announce } from "../lib/actions.js";
import { toast } from "../lib/elements.js";
import { send } from "../lib/requests.js";
import { fold, splitNames } from "../lib/tag-names.js";
import { text } from "../lib/texts.js";

class TagEditor extends HTMLElement {
  #saving = false;

  connectedCallback() {
    this.addEventListener("submit", this.#onSubmit);
  }

  disconnectedCallback() {
    this.removeEventListener("submit", this.#onSubmit);
  }

  /** The tags as they stand here. */
  get names() {
    return [...this.querySelectorAll(".tags__list button")].map((button) => button.value);
  }

  submit() {
    this.querySelector(".tags__add").requestSubmit();
  }

  #onSubmit = (event) => {
    event.preventDefault();
    const { submitter, target } = event;
    const action = target.action;
    if (submitter?.name === "remove") {
      const name = submitter.value;
      this.#change(action, { remove: [name] }, text("tag-removed", { name }), { add: [name] });
      return;
    }
    const names = splitNames(target.elements.add.value);
    const had = new Set(this.names.map(fold));
    const added = names.filter((name) => !had.has(fold(name)));
    if (names.length === 0) return;
    const sentence = text("tags-added", { name: names.join(", ") });
    this.#change(action, { add: names }, sentence, added.length > 0 ? { remove: added } : null);
  };

  async #change(action, names, sentence, reverse) {
    if (this.#saving) return;
    this.#saving = true;
    const form = new FormData();
    if (names.add) form.set("add", names.add.join(","));
    for (const name of names.remove ?? []) form.append("remove", name);
    const complaint = this.querySelector("[role=alert]");
    try {
      const markup = await send(action, { form, headers: { "HX-Request": "true" } });
      const parsed = new DOMParser().parseFromString(markup, "text/html");
      const fresh = parsed.querySelector("tag-editor");
      if (this.isConnected) {
        const typing = this.contains(document.activeElement);
        this.replaceChildren(...fresh.children);
        if (typing) this.querySelector("[name=add]").focus();
      }
      const undo = reverse && { label: text("undo"), run: () => this.#undo(action, reverse) };
      toast(document, { text: sentence, action: undo ?? undefined, seconds: 10 });
      announce({ changed: [Number(this.dataset.image)] });
    } catch (error) {
      complaint.textContent = error.message;
      complaint.hidden = false;
    } finally {
      this.#saving = false;
    }
  }

  #undo(action, names) {
    this.#change(action, names, text("undone"), null);
  }
}

customElements.define("tag-editor", TagEditor);

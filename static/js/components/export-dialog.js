/**
 * <export-dialog data-url> around a <dialog>: what becomes of the texts inside exported files, and
 * how the files are called. The server remembers both, and shows the first name.
 */
import { PageElement } from "../page/page-element.js";
import { toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import { send } from "../server/requests.js";

const PAUSE = 200; // milliseconds after a key until the server is asked

class ExportDialog extends PageElement {
  #wanted = null; // the selection, as the server takes it
  #count = 0;
  #timer;
  #isAsked = true; // the server, about the template that is in the field

  connected() {
    this.listen(this.#form, { submit: this.#onSubmit });
    this.listen(this.#field, { input: this.#onInput });
  }

  disconnected() {
    clearTimeout(this.#timer);
  }

  /**
   * Ask how, and let the browser itself fetch the archive, so that nothing is kept in memory.
   *
   * @param {object} wanted `{image_ids}` or `{selection, count}`
   * @throws {RequestFailed}
   */
  async ask(wanted, count) {
    const { embedding, name_template, ...first } = await this.#hear(wanted);
    this.#count = count;
    this.#wanted = wanted;
    this.querySelector("[data-title]").textContent = text("export-title", { count });
    this.#form.elements.selection.value = JSON.stringify(wanted);
    this.#form.elements.embedding.value = embedding;
    this.#field.value = name_template;
    this.#isAsked = true;
    this.#show(first);
    this.querySelector("dialog").showModal();
  }

  get #form() {
    return this.querySelector("form");
  }

  get #field() {
    return this.#form.elements.name_template;
  }

  #hear(wanted, more = {}) {
    const query = new URLSearchParams({ selection: JSON.stringify(wanted), ...more });
    return send(`${this.dataset.url}?${query}`, { method: "GET" });
  }

  #onInput() {
    clearTimeout(this.#timer);
    this.#isAsked = false;
    this.#timer = setTimeout(() => this.#preview(), PAUSE);
  }

  async #preview() {
    const template = this.#field.value;
    try {
      const first = await this.#hear(this.#wanted, { name_template: template });
      if (this.#field.value !== template) return;
      this.#isAsked = true;
      this.#show(first);
    } catch (error) {
      toast(this, { text: error.message, error: true });
    }
  }

  /** The name of the first picture; from then on it stands for all. */
  #show({ image, name, error }) {
    if (image !== null) this.#wanted = { image_ids: [image] };
    this.#field.setCustomValidity(error);
    this.#field.setAttribute("aria-invalid", String(error !== ""));
    this.querySelector("[data-error]").textContent = error;
    this.querySelector("[data-name]").textContent = name;
  }

  async #onSubmit(event) {
    const { submitter } = event;
    if (submitter?.value !== "export") return;
    if (!this.#isAsked) {
      event.preventDefault();
      await this.#preview();
      if (this.#isAsked && this.#form.reportValidity()) this.#form.requestSubmit(submitter);
      return;
    }
    this.querySelector("dialog").close();
    toast(this, { text: text("exporting", { count: this.#count }) });
  }
}

customElements.define("export-dialog", ExportDialog);

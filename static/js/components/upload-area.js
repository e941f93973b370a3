/**
 * <upload-area data-most>: takes picture files that are dropped anywhere on the page or chosen by
 * its button. `data-most` is the largest file in bytes.
 */
import { announce } from "../lib/actions.js";
import { inChunks } from "../lib/chunks.js";
import { toast } from "../lib/elements.js";
import { formatBytes } from "../lib/format.js";
import { api, send } from "../lib/requests.js";
import { text } from "../lib/texts.js";

class UploadArea extends HTMLElement {
  #depth = 0; // of dragenter without dragleave

  connectedCallback() {
    const input = this.querySelector("input");
    input.addEventListener("change", () => {
      this.#upload([...input.files]);
      input.value = "";
    });
    document.addEventListener("click", this.#onClick);
    document.addEventListener("dragenter", this.#onDragEnter);
    document.addEventListener("dragover", this.#onDragOver);
    document.addEventListener("dragleave", this.#onDragLeave);
    document.addEventListener("drop", this.#onDrop);
  }

  #onClick = (event) => {
    if (event.target.closest("[data-upload]")) this.querySelector("input").click();
  };

  #onDragEnter = (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.#depth += 1;
    this.querySelector(".drop").hidden = false;
  };

  #onDragOver = (event) => {
    if (holdsFiles(event)) event.preventDefault();
  };

  #onDragLeave = (event) => {
    if (!holdsFiles(event)) return;
    this.#depth -= 1;
    if (this.#depth <= 0) this.#hide();
  };

  #onDrop = (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.#hide();
    this.#upload([...event.dataTransfer.files]);
  };

  #hide() {
    this.#depth = 0;
    this.querySelector(".drop").hidden = true;
  }

  async #upload(files) {
    if (files.length === 0) return;
    const refused = [];
    const act = async ([file]) => {
      const reason = await this.#send(file);
      if (reason) refused.push(`${file.name}: ${reason}`);
      return { done: reason ? 0 : 1, failed: reason ? [{ id: file.name, reason }] : [] };
    };
    const label = text("uploading", { count: files.length });
    const result = await document
      .querySelector("action-progress")
      .run(label, (options) => inChunks(files, { size: 1, act, ...options }));
    const sentences = result.done > 0 ? [text("uploaded", { count: result.done })] : [];
    if (refused.length > 0) {
      sentences.push(
        text("refused", { count: refused.length, files: refused.slice(0, 3).join(" ") }),
      );
    }
    if (result.stopped) sentences.push(text("stopped"));
    toast(document, { text: sentences.join(" "), error: refused.length > 0 || result.stopped });
    if (result.done > 0) announce();
  }

  /** Why a file was not taken, or null when it was. */
  async #send(file) {
    const most = Number(this.dataset.most);
    if (file.size > most) return text("too-large", { size: formatBytes(most) });
    const form = new FormData();
    form.set("file", file);
    try {
      await send(api("images/"), { form });
      return null;
    } catch (error) {
      return error.message;
    }
  }
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

customElements.define("upload-area", UploadArea);

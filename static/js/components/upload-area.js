/**
 * <upload-area data-most>: takes picture files, folders and ZIP archives that are dropped anywhere
 * on the page, or files chosen by its button. `data-most` is the largest picture in bytes.
 */
import { announce } from "../lib/actions.js";
import { inChunks } from "../lib/chunks.js";
import { droppedFiles } from "../lib/dropped-files.js";
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

  #onDrop = async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.#hide();
    this.#upload(await droppedFiles(event.dataTransfer));
  };

  #hide() {
    this.#depth = 0;
    this.querySelector(".drop").hidden = true;
  }

  async #upload(files) {
    if (files.length === 0) return;
    const refused = [];
    const act = async ([file]) => {
      const { done, failed } = await this.#send(file);
      refused.push(...failed.map(({ id, reason }) => `${id}: ${reason}`));
      return { done, failed };
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

  /** How many pictures a file has brought, and what was not taken of it. */
  async #send(file) {
    const most = Number(this.dataset.most);
    const isArchive = file.name.toLowerCase().endsWith(".zip");
    const refused = (reason) => ({ done: 0, failed: [{ id: file.name, reason }] });
    if (file.size > most && !isArchive) {
      return refused(text("too-large", { size: formatBytes(most) }));
    }
    const form = new FormData();
    form.set("file", file);
    try {
      const answer = await send(api("images/"), { form });
      if (answer.failed === undefined) return { done: 1, failed: [] };
      const failed = answer.failed.map(({ name, reason }) => ({ id: name, reason }));
      return { done: answer.added + answer.known, failed };
    } catch (error) {
      return refused(error.message);
    }
  }
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

customElements.define("upload-area", UploadArea);

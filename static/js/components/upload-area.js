/**
 * <upload-area data-most>: takes picture files, folders and ZIP archives that are dropped anywhere
 * on the page, or files chosen by its button. `data-most` is the largest picture in bytes.
 */
import { inChunks } from "../lib/chunks.js";
import { droppedFiles } from "../lib/dropped-files.js";
import { formatBytes, formatCount } from "../lib/format.js";
import { element } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { isPermitted } from "../page/permissions.js";
import { announce, toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import { makeChange, wayBack } from "../pictures/changes.js";
import { api } from "../server/requests.js";

const NAMED = 3; // refused files that fit into a sentence

class UploadArea extends PageElement {
  #depth = 0; // of dragenter without dragleave

  connected() {
    this.listen(this.querySelector("input"), { change: this.#onChoice });
    this.listen(document, {
      click: this.#onClick,
      dragenter: this.#onDragEnter,
      dragover: this.#onDragOver,
      dragleave: this.#onDragLeave,
      drop: this.#onDrop,
    });
  }

  #onChoice({ target }) {
    this.#upload([...target.files]);
    target.value = "";
  }

  #onClick(event) {
    if (event.target.closest("[data-upload]")) this.querySelector("input").click();
    if (event.target.closest("upload-area [data-image]")) this.querySelector("dialog").close();
  }

  #onDragEnter(event) {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.#depth += 1;
    this.querySelector(".drop").hidden = false;
  }

  #onDragOver(event) {
    if (holdsFiles(event)) event.preventDefault();
  }

  #onDragLeave(event) {
    if (!holdsFiles(event)) return;
    this.#depth -= 1;
    if (this.#depth <= 0) this.#hide();
  }

  async #onDrop(event) {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    this.#hide();
    this.#upload(await droppedFiles(event.dataTransfer));
  }

  #hide() {
    this.#depth = 0;
    this.querySelector(".drop").hidden = true;
  }

  async #upload(files) {
    if (files.length === 0 || !isPermitted("add")) return;
    const report = { added: 0, changed: 0, change: null, known: [], refused: [], ignored: {} };
    const act = async ([file]) => {
      const { added, changed = 0, change, known, refused, ignored = {} } = await this.#send(file);
      report.added += added;
      report.changed += changed;
      report.change = change ?? report.change;
      report.known.push(...known);
      report.refused.push(...refused);
      for (const [kind, count] of Object.entries(ignored)) {
        report.ignored[kind] = (report.ignored[kind] ?? 0) + count;
      }
      return { done: added + changed, failed: refused };
    };
    const label = text("uploading", { count: files.length });
    const { stopped } = await document
      .querySelector("action-progress")
      .run(label, (options) => inChunks(files, { size: 1, act, ...options }));
    this.#tell(report, stopped);
    if (report.added + report.changed > 0) announce({ refreshDetail: report.changed > 0 });
  }

  /** Everything is named: in a sentence what is short enough, else in a list of its own. */
  #tell({ added, changed, change, known, refused, ignored }, stopped) {
    const sentences = added > 0 ? [text("uploaded", { count: added })] : [];
    if (changed > 0) sentences.push(text("brought-back", { count: changed }));
    const count = known.reduce((sum, each) => sum + each.count, 0);
    if (count > 0) sentences.push(text("known", { count }));
    const isLong = refused.length > NAMED;
    if (isLong) {
      sentences.push(text("refused-count", { count: refused.length }));
    } else if (refused.length > 0) {
      const files = refused.map(({ id, reason }) => text("file-reason", { name: id, reason }));
      sentences.push(text("refused", { count: refused.length, files: files.join("\n") }));
    }
    if (Object.keys(ignored).length > 0) sentences.push(ignoredSentence(ignored));
    if (stopped) sentences.push(text("stopped"));
    const error = refused.length > 0 || stopped;
    const run =
      known.length === 1 && !isLong && known[0].image
        ? () => document.querySelector("gallery-page").openImage(known[0].image)
        : () => this.#list(known, refused);
    const show = known.length > 0 || isLong ? { label: text("show"), run } : undefined;
    const action = wayBack(change) ?? show;
    toast(document, {
      text: sentences.join("\n"),
      error,
      action,
      seconds: action ? 30 : undefined,
    });
    if (isLong) this.#list(known, refused);
  }

  #list(known, refused) {
    const dialog = this.querySelector("dialog");
    const fill = (name, lines) => {
      const section = dialog.querySelector(`[data-${name}]`);
      section.hidden = lines.length === 0;
      section.querySelector("ul").replaceChildren(...lines);
    };
    fill(
      "known",
      known.map(({ name, count, image }) =>
        element("li", {}, [
          image
            ? element("a", { href: `?image=${image}`, "data-image": image }, [name])
            : `${name}: ${formatCount(count)}`,
        ]),
      ),
    );
    fill(
      "refused",
      refused.map(({ id, reason }) =>
        element("li", {}, [element("strong", {}, [id]), ` ${reason}`]),
      ),
    );
    dialog.showModal();
  }

  /**
   * Of one file: `{added, known: [{name, count, image}], refused: [{id, reason}], ignored}`; of an
   * archive it is not known which pictures it has, and `ignored` counts other files by their kind.
   */
  async #send(file) {
    const most = Number(this.dataset.most);
    const isArchive = file.name.toLowerCase().endsWith(".zip");
    const refuse = (reason) => ({ added: 0, known: [], refused: [{ id: file.name, reason }] });
    if (file.size > most && !isArchive)
      return refuse(text("too-large", { size: formatBytes(most) }));
    const form = new FormData();
    form.set("file", file);
    if (file.lastModified > 0) form.set("modified_at", new Date(file.lastModified).toISOString());
    try {
      const { status, answer, change } = await makeChange(api("images/"), { form });
      if (answer.failed === undefined) {
        return status === 201
          ? { added: 1, known: [], refused: [] }
          : { added: 0, known: [{ name: file.name, count: 1, image: answer.id }], refused: [] };
      }
      const { added, changed, known, failed, ignored } = answer;
      if (added + changed + known + failed.length === 0) {
        return { ...refuse(text("no-pictures")), ignored };
      }
      return {
        added,
        changed,
        change,
        ignored,
        known: known > 0 ? [{ name: file.name, count: known }] : [],
        refused: failed.map(({ name, reason }) => ({ id: name, reason })),
      };
    } catch (error) {
      return refuse(error.message);
    }
  }
}

/** How many files of archives are no pictures that the library keeps, by what they are. */
function ignoredSentence({ other = 0, ...kinds }) {
  const named = Object.entries(kinds).map(([kind, count]) => `${formatCount(count)} ${kind}`);
  if (named.length === 0) return text("no-picture-files", { count: other });
  if (other > 0) named.push(text("other-files", { count: other }));
  const count = Object.values(kinds).reduce((sum, each) => sum + each, other);
  return text("ignored", { count, kinds: named.join(", ") });
}

function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

customElements.define("upload-area", UploadArea);

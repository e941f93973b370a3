/**
 * <selection-bar data-section>: what is selected in this tab, across pages, filters and reloads,
 * and what can be done with it.
 *
 * Checkboxes in <gallery-page> follow it. `selection` is a lib/selection.js Selection.
 */
import {
  askHowToDelete,
  changeTags,
  deleteImages,
  markFavorite,
  markSensitive,
  restoreImages,
} from "../lib/actions.js";
import { changed, filterOf, listQuery } from "../lib/address.js";
import { toast } from "../lib/elements.js";
import { formatBytes } from "../lib/format.js";
import { send } from "../lib/requests.js";
import { Selection } from "../lib/selection.js";
import { text } from "../lib/texts.js";

const NOT_FILTERS = { page: null, page_size: null, view: null, sort_by: null, sort_order: null };

class SelectionBar extends HTMLElement {
  #selection = new Selection();
  #anchor = null; // the checkbox that was changed last: where a range begins
  #shift = false;

  connectedCallback() {
    this.#selection = Selection.restore(sessionStorage.getItem(this.#key));
    this.addEventListener("click", this.#onClick);
    this.#page.addEventListener("click", this.#onPageClick);
    this.#page.addEventListener("change", this.#onChange);
    document.addEventListener("results-changed", this.#show);
    document.addEventListener("library-changed", this.#onLibraryChanged);
    this.#show();
  }

  get isEmpty() {
    return this.#selection.count === 0;
  }

  /** Turn a picture's mark, with shift all from the last one to it. */
  toggle(id, { range = false } = {}) {
    const box = this.#boxes.find(({ value }) => value === String(id));
    if (!box) return;
    box.checked = !box.checked;
    this.#mark(box, range);
  }

  selectPage(selected = true) {
    for (const box of this.#boxes) this.#selection.set(...facts(box), selected);
    this.#save();
  }

  clear = () => {
    this.#selection.clear();
    this.#save();
  };

  async delete() {
    const how = await askHowToDelete(this.#selection.count);
    if (how) await this.#with((ids) => deleteImages(ids, how));
  }

  async editTags() {
    const change = await document.querySelector("tags-dialog").ask(this.#selection.count);
    if (change) await this.#with((ids) => changeTags(ids, change));
  }

  get #key() {
    return `selection-${this.dataset.section}`;
  }

  get #page() {
    return document.querySelector("gallery-page");
  }

  get #boxes() {
    return [...this.#page.querySelectorAll("[data-id] .checkbox")];
  }

  /** What the list's filters are, however it is sorted and paged. */
  get #filters() {
    return changed(listQuery(location.search), NOT_FILTERS);
  }

  #onPageClick = (event) => {
    this.#shift = event.shiftKey;
    if (event.target.closest("[data-select-page]")) {
      const all = this.#boxes.every((box) => box.checked);
      this.selectPage(!all);
    }
  };

  #onChange = ({ target }) => {
    if (target.matches("[data-id] .checkbox")) this.#mark(target, this.#shift);
  };

  #mark(box, range) {
    const boxes = this.#boxes;
    const from = boxes.findIndex(({ value }) => value === this.#anchor);
    const to = boxes.indexOf(box);
    const first = range && from >= 0 ? Math.min(from, to) : to;
    const last = range && from >= 0 ? Math.max(from, to) : to;
    for (const each of boxes.slice(first, last + 1)) {
      this.#selection.set(...facts(each), box.checked);
    }
    this.#anchor = box.value;
    this.#save();
  }

  #onClick = async (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action === "clear") this.clear();
    if (action === "everything") await this.#selectEverything();
    if (action === "favorite") await this.#with((ids) => markFavorite(ids, true));
    if (action === "sensitive" || action === "not-sensitive") {
      event.target.closest("details").open = false;
      await this.#with((ids) => markSensitive(ids, action === "sensitive"));
    }
    if (action === "tags") await this.editTags();
    if (action === "restore") await this.#with(restoreImages);
    if (action === "delete") await this.delete();
    if (action === "export") this.#export();
  };

  async #selectEverything() {
    const query = this.#filters;
    const button = this.querySelector("[data-action=everything]");
    button.ariaBusy = "true"; // Counting the bytes of very many takes a moment.
    try {
      const { count, bytes } = await this.#ask(query);
      this.#selection.selectEverything(query, count, bytes);
      this.#save();
    } catch (error) {
      toast(this, { text: error.message, error: true });
    } finally {
      button.ariaBusy = null;
    }
  }

  #ask(query, values = {}) {
    const trash = this.dataset.section === "trash" ? "only" : null;
    const url = this.dataset.url + changed(query, { trash, ...values });
    return send(url, { method: "GET" });
  }

  /** Do it with the ids that are selected at this moment; what went well is selected no more. */
  async #with(act) {
    try {
      const result = await act(await this.#ids());
      if (!result.error && !result.stopped && result.failed.length === 0) this.clear();
      else this.#keepOnly(result);
    } catch (error) {
      toast(this, { text: error.message, error: true });
    }
  }

  #keepOnly({ ids }) {
    if (this.#selection.everything) return;
    for (const id of ids) this.#selection.images.delete(id);
    this.#save();
  }

  async #ids() {
    const { everything, images } = this.#selection;
    if (!everything) return [...images.keys()];
    const { ids } = await this.#ask(everything.query, { ids: "1" });
    return ids.filter((id) => !images.has(id));
  }

  /** The browser itself fetches the archive: a form, so that nothing is kept in memory. */
  #export() {
    const { everything, images } = this.#selection;
    const form = this.querySelector("form");
    const wanted =
      everything && images.size === 0
        ? { filter: filterOf(everything.query) }
        : { image_ids: [...images.keys()] };
    form.elements.selection.value = JSON.stringify(wanted);
    form.submit();
    toast(this, { text: text("exporting", { count: this.#selection.count }) });
  }

  #onLibraryChanged = ({ detail }) => {
    if (detail.gone) {
      this.#selection.drop(detail.gone);
      this.#save();
    }
  };

  #save() {
    sessionStorage.setItem(this.#key, this.#selection.serialize());
    this.#show();
  }

  #show = () => {
    const { count, bytes, everything } = this.#selection;
    const query = this.#filters;
    const boxes = this.#boxes;
    for (const box of boxes) box.checked = this.#selection.has(Number(box.value), query);
    this.hidden = count === 0;
    document.body.classList.toggle("has-selection", count > 0);
    const all = boxes.length > 0 && boxes.every((box) => box.checked);
    for (const button of this.#page.querySelectorAll("[data-select-page]")) {
      button.setAttribute("aria-pressed", String(all));
    }
    if (count === 0) return;
    this.querySelector("[data-count]").textContent = text("selected", { count });
    this.querySelector("[data-bytes]").textContent = formatBytes(bytes);
    const total = Number(this.#page.querySelector("[data-total]")?.dataset.total ?? 0);
    const more = this.querySelector("[data-action=everything]");
    more.hidden = everything?.query === query || total <= count;
    more.textContent = text("select-everything", { count: total });
  };
}

function facts(box) {
  return [Number(box.value), Number(box.dataset.bytes)];
}

customElements.define("selection-bar", SelectionBar);

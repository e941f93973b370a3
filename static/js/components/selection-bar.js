/**
 * <selection-bar data-section data-list>: what is selected in this tab, across pages, filters and
 * reloads, and what can be done with it. `data-list` is the address of the section's list.
 *
 * Checkboxes in <gallery-page> follow it. Whatever is done is done with a set that the server has
 * frozen: the number that is named before is the one that is told afterwards.
 */
import { filterOf } from "../lib/address.js";
import { formatBytes } from "../lib/format.js";
import { PageElement } from "../page/page-element.js";
import { toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import {
  askHowToDelete,
  changeTags,
  deleteImages,
  markFavorite,
  markSensitive,
  restoreImages,
} from "../pictures/actions.js";
import { KeptSelection } from "../pictures/kept-selection.js";
import { rememberCleared, undo } from "../pictures/undo.js";
import { idsOf, tagsOf } from "../server/frozen.js";

const NOT_FOUND = 404;

class SelectionBar extends PageElement {
  #kept; // KeptSelection
  #anchor = null; // the checkbox that was changed last: where a range begins
  #shift = false;
  #selecting = null; // promise, while all that match are being selected
  #acting = false;

  prepared() {
    this.#kept = new KeptSelection(this.dataset.section, () => this.#show());
  }

  connected() {
    this.listen(this, { click: this.#onClick });
    this.listen(this.#page, { click: this.#onPageClick, change: this.#onChange });
    this.listen(document, {
      "results-changed": this.#show,
      "library-changed": this.#onLibraryChanged,
    });
    this.listen(window, { pageshow: this.#onPageShow });
    this.#show();
  }

  get #selection() {
    return this.#kept.now;
  }

  get isEmpty() {
    return this.#selection.count === 0;
  }

  /** Turn a picture's mark, with shift all from the last one to it. */
  toggle(id, { range = false } = {}) {
    const box = this.#boxes.find(({ value }) => value === String(id));
    if (!box || box.disabled) return;
    box.checked = !box.checked;
    this.#mark(box, range);
  }

  selectPage(selected = true) {
    for (const box of this.#boxes) if (!box.disabled) this.#kept.set(...facts(box), selected);
    this.#kept.save();
  }

  /** The page; where that is selected already, all that match. */
  selectMore() {
    const boxes = this.#boxes;
    if (boxes.length === 0) return false;
    if (!boxes.every((box) => box.checked)) this.selectPage();
    else if (!this.#everything.hidden) this.#selectEverything();
    return true;
  }

  /** Ticks are work: they can be brought back. */
  clear() {
    if (this.isEmpty) return;
    const { count } = this.#selection;
    const way = rememberCleared(this.dataset.section, this.#selection.serialize());
    this.#kept.clear();
    toast(this, {
      text: text("cleared", { count }),
      seconds: 10,
      action: { label: text("undo"), run: () => undo(way) },
    });
  }

  /** Let it be what it was once, as text; answers what it is now. */
  exchange(kept) {
    const now = this.#selection.serialize();
    this.#kept.bringBack(kept);
    return now;
  }

  /** Ask how, and do it; with `quick` nothing is asked where all of them are in sight. */
  async delete({ quick = false } = {}) {
    const ask = (frozen) => {
      const sight = this.#sightOf(frozen);
      return quick && sight.hidden === 0 ? "trash" : askHowToDelete(frozen.count, sight);
    };
    await this.#with(deleteImages, ask);
  }

  async editTags() {
    const dialog = document.querySelector("tags-dialog"); // none in the trash
    if (dialog)
      await this.#with(changeTags, ({ count, token }) => dialog.ask(count, () => tagsOf(token)));
  }

  get #page() {
    return document.querySelector("gallery-page");
  }

  get #boxes() {
    return [...this.#page.querySelectorAll("[data-id] .checkbox")];
  }

  get #everything() {
    return this.querySelector("[data-action=everything]");
  }

  get #total() {
    return Number(this.#page.querySelector("[data-total]")?.dataset.total ?? 0);
  }

  #onPageShow({ persisted }) {
    if (persisted) this.#kept.read();
  }

  #onPageClick(event) {
    this.#shift = event.shiftKey;
    if (event.target.closest("[data-select-page]")) {
      const all = this.#boxes.every((box) => box.checked);
      this.selectPage(!all);
    }
  }

  #onChange({ target }) {
    if (target.matches("[data-id] .checkbox")) this.#mark(target, this.#shift);
  }

  #mark(box, range) {
    const boxes = this.#boxes;
    const from = boxes.findIndex(({ value }) => value === this.#anchor);
    const to = boxes.indexOf(box);
    const first = range && from >= 0 ? Math.min(from, to) : to;
    const last = range && from >= 0 ? Math.max(from, to) : to;
    for (const each of boxes.slice(first, last + 1)) {
      if (!each.disabled) this.#kept.set(...facts(each), box.checked);
    }
    this.#anchor = box.value;
    this.#kept.save();
  }

  async #onClick(event) {
    const action = event.target.closest("[data-action]")?.dataset.action;
    const menu = event.target.closest("details");
    if (menu && action) menu.open = false;
    if (action === "clear") this.clear();
    if (action === "everything") await this.#selectEverything();
    if (action === "view") await this.#view();
    if (action === "favorite" || action === "no-favorite") {
      await this.#with((ids) => markFavorite(ids, action === "favorite"));
    }
    if (action === "sensitive" || action === "not-sensitive") {
      await this.#with((ids) => markSensitive(ids, action === "sensitive"));
    }
    if (action === "tags") await this.editTags();
    if (action === "restore") await this.#with(restoreImages);
    if (action === "delete") await this.delete();
    if (action === "export") await this.#export();
  }

  /** All that match at this moment join what is selected; whatever is asked meanwhile waits. */
  async #selectEverything() {
    if (this.#selecting || this.#acting) return;
    const [query, total] = [this.#page.filters, this.#total];
    const buttons = this.querySelectorAll(".selection__actions button");
    for (const button of buttons) button.disabled = true;
    const add = () => this.#kept.addAll(filterOf(query), { query, total });
    this.#selecting = this.#busy(() => this.#kept.during(add));
    await this.#selecting;
    this.#selecting = null;
    for (const button of buttons) button.disabled = false;
  }

  /** Something that the server takes a moment for; what goes wrong is told. */
  async #busy(work) {
    const button = this.#everything;
    button.ariaBusy = "true";
    try {
      await work();
    } catch (error) {
      if (error.status === NOT_FOUND) this.#expire();
      else toast(this, { text: error.message, error: true });
    } finally {
      button.ariaBusy = null;
    }
  }

  #expire() {
    this.#kept.clear();
    toast(this, { text: text("selection-expired"), error: true });
  }

  /**
   * Do it with those that are selected and there at this moment, once `ask` has answered for
   * them; what went well is selected no more. Where the number has become smaller, it is asked
   * again. One at a time: a second press does nothing.
   */
  async #with(act, ask) {
    if (this.#acting) return;
    this.#acting = true;
    try {
      await this.#selecting;
      await this.#busy(() => this.#kept.during(() => this.#act(act, ask)));
    } finally {
      this.#acting = false;
    }
  }

  async #act(act, ask) {
    let told = this.#selection.count;
    let frozen = await this.#kept.freeze();
    let answer = null;
    let ids = [];
    if (!ask && frozen.count < told) return this.#tellGone(told - frozen.count);
    do {
      if (frozen.count === 0) return this.#tellGone(told);
      told = frozen.count;
      answer = ask ? await ask(frozen) : true;
      if (!answer) return undefined;
      ids = await idsOf(frozen.token);
      if (!ask && ids.length < told) return this.#tellGone(told - ids.length);
      frozen = { ...frozen, count: ids.length };
    } while (ask && ids.length !== told);
    const result = await act(ids, answer);
    const all = !result.error && !result.stopped && result.failed.length === 0;
    return all ? this.#kept.finish() : this.#kept.keepRest(frozen.token, result.ids);
  }

  /** Fewer than the bar has said: nothing is done until somebody has seen the new number. */
  #tellGone(count) {
    if (this.#selection.base?.count === 0) this.#selection.clear();
    this.#kept.save();
    toast(this, { text: text("gone-meanwhile", { count }), error: true });
  }

  /** The list of what is selected. */
  #view() {
    return this.#busy(async () => {
      const { token } = await this.#kept.freeze();
      location.assign(this.#addressOf(token));
    });
  }

  #addressOf(token) {
    return `${this.dataset.list}?selection=${token}`;
  }

  #sightOf({ token, count }) {
    return { hidden: Math.max(0, count - this.#inSight), address: this.#addressOf(token) };
  }

  get #inSight() {
    return this.#boxes.filter((box) => box.checked).length;
  }

  #export() {
    const told = this.#selection.count;
    return this.#busy(async () => {
      const { token, count } = await this.#kept.freeze();
      if (count < told) {
        this.#tellGone(told - count);
        return;
      }
      await document.querySelector("export-dialog").ask({ selection: token, count }, count);
    });
  }

  #onLibraryChanged({ detail }) {
    this.#busy(() => this.#kept.recount(detail.gone));
  }

  #show() {
    const selection = this.#selection;
    const { count, bytes, everything } = selection;
    const boxes = this.#boxes;
    const unknown = boxes.map(({ value }) => Number(value)).filter((id) => !selection.knows(id));
    for (const box of boxes) {
      const id = Number(box.value);
      box.checked = selection.has(id);
      box.disabled = !selection.knows(id);
    }
    if (unknown.length > 0) this.#busy(() => this.#kept.learn(unknown));
    this.hidden = count === 0;
    document.body.classList.toggle("has-selection", count > 0);
    const all = boxes.length > 0 && boxes.every((box) => box.checked);
    for (const button of this.#page.querySelectorAll("[data-select-page]")) {
      button.setAttribute("aria-pressed", String(all));
    }
    if (count === 0) return;
    this.querySelector("[data-count]").textContent = text("selected", { count });
    this.querySelector("[data-bytes]").textContent = formatBytes(bytes);
    const hidden = count - this.#inSight;
    const view = this.querySelector("[data-action=view]");
    view.hidden = unknown.length > 0 || hidden <= 0;
    view.textContent = text("not-in-sight", { count: hidden });
    const [query, total] = [this.#page.filters, this.#total];
    const more = this.#everything;
    const done = everything?.query === query && everything.total === total;
    more.hidden = done || (all && total <= boxes.length) || (total <= count && hidden <= 0);
    more.textContent = text("select-everything", { count: total });
  }
}

function facts(box) {
  return [Number(box.value), Number(box.dataset.bytes)];
}

customElements.define("selection-bar", SelectionBar);

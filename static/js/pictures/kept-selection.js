/**
 * The selection of a section in this tab, across pages, filters and reloads: kept in the tab's
 * storage, and frozen on the server whenever it is to be acted on.
 */
import { Selection } from "../lib/selection.js";
import { own } from "../page/own.js";
import { among, freeze, lookAt } from "../server/frozen.js";

export class KeptSelection {
  /** @type {Selection} */
  now;
  #section;
  #onChange;
  #later = null; // ticks while the server works, `[size, selected]` by id

  /** @param {() => void} onChange called whenever it is another one */
  constructor(section, onChange) {
    this.#section = section;
    this.#onChange = onChange;
    this.now = Selection.restore(sessionStorage.getItem(this.#key));
  }

  /** Let it be what the tab keeps: another page may have changed it. */
  read() {
    this.bringBack(sessionStorage.getItem(this.#key));
  }

  get #key() {
    return own(`selection-${this.#section}`);
  }

  save() {
    sessionStorage.setItem(this.#key, this.now.serialize());
    this.#onChange();
  }

  /** Tick or untick a picture; `save` comes after the last one. */
  set(id, size, selected) {
    this.now.set(id, size, selected);
    this.#later?.set(id, [size, selected]);
  }

  clear() {
    this.#later = null;
    this.now.clear();
    this.save();
  }

  /** Let it be what `Selection.serialize` has written before. */
  bringBack(text) {
    this.#later = null;
    this.now = Selection.restore(text);
    this.save();
  }

  /** What is ticked while `work` lasts counts on top of what comes of it. */
  async during(work) {
    this.#later = new Map();
    try {
      return await work();
    } finally {
      this.#later = null;
    }
  }

  /** What is selected, as a set that nothing changes: `{token, count, bytes}` of this moment. */
  async freeze() {
    const selection = this.now;
    const shown = selection.serialize();
    const made = selection.isFrozen
      ? await lookAt(selection.base.token)
      : await this.#make(selection.parts);
    if (selection === this.now && selection.serialize() === shown) {
      selection.rest(made);
      this.save();
    }
    return made;
  }

  /**
   * All that match the filter at this moment join; `everything` is `{query, total}` of the list.
   * To be called within `during`.
   */
  async addAll(filter, everything) {
    // What was taken out before may match: then it is wanted again.
    const base = this.now.count === 0 ? {} : { selection: (await this.freeze()).token };
    const trash = this.#section === "trash" ? { trash: "only" } : {};
    const made = await this.#make({ ...base, filter: { ...filter, ...trash } });
    await this.#replace(made, everything);
  }

  /** All of the set that was acted on is done. To be called within `during`. */
  finish() {
    return this.#replace(null);
  }

  /** Of it, these are done; the rest stays selected. To be called within `during`. */
  async keepRest(token, done) {
    if (done.length === 0) return;
    const rest = await this.#make({ selection: token, without: done });
    await this.#replace(rest.count > 0 ? rest : null);
  }

  /** Pictures have gone, or some may have come back: those of the server's set are counted anew. */
  async recount(gone = []) {
    this.now.drop(gone);
    for (const id of gone) this.#later?.delete(id);
    this.save();
    const { base, removed } = this.now;
    if (!base) return;
    const asked = [...removed.keys()];
    const found = await (asked.length > 0 ? among(base.token, asked) : lookAt(base.token));
    if (this.now.base?.token !== base.token) return;
    // What was taken out since is on the page: it is there.
    const since = [...this.now.removed.keys()].filter((id) => !asked.includes(id));
    this.now.recount(found, [...(found.among ?? []), ...since]);
    this.save();
  }

  /** Let it be this set, or none, and on top of it what was ticked and unticked meanwhile. */
  async #replace(made, everything = null) {
    const later = this.#later;
    if (!later) return; // cleared or brought back meanwhile: that is the last word
    const has = new Set();
    const asked = new Set();
    const unknown = () => [...later.keys()].filter((id) => !asked.has(id));
    for (let ids = unknown(); made && ids.length > 0; ids = unknown()) {
      for (const id of (await among(made.token, ids)).among) has.add(id);
      for (const id of ids) asked.add(id);
    }
    if (this.#later !== later) return;
    if (made) this.now.become(made, everything);
    else this.now.clear();
    this.now.learn([...asked], [...has]);
    for (const [id, [size, selected]] of later) this.now.set(id, size, selected);
    this.save();
  }

  async #make(values) {
    try {
      return await freeze({ ...values, section: this.#section });
    } catch (error) {
      // Is it the set that it is built on that is gone? Then that is what shall be said.
      if (error.status && values.selection) await lookAt(values.selection);
      throw error;
    }
  }

  /** Find out which of these pictures the frozen set has. */
  async learn(ids) {
    const { base } = this.now;
    const answer = await among(base.token, ids);
    if (this.now.base?.token !== base.token) return;
    this.now.learn(ids, answer.among);
    this.#onChange();
  }
}

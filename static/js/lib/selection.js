/**
 * Which pictures are selected: a set that the server keeps frozen, and what was ticked and unticked
 * since. Pure. Sizes are bytes.
 *
 * `base` is `{token, count, bytes}`. Which of the pictures on the page it has must be learned from
 * the server; until then `knows` is false, and nobody can tick or untick them.
 */
export class Selection {
  base = null;
  /** @type {Map<number, number>} sizes by id, of pictures outside of the base */
  added = new Map();
  /** @type {Map<number, number>} sizes by id, of pictures that the base has */
  removed = new Map();
  /** What the list was, `{query, total}`, when all of it was selected last. */
  everything = null;
  #inBase = new Map(); // booleans by id

  get count() {
    return (this.base?.count ?? 0) + this.added.size - this.removed.size;
  }

  get bytes() {
    return (this.base?.bytes ?? 0) + sum(this.added) - sum(this.removed);
  }

  /** Whether the base alone is all of it. */
  get isFrozen() {
    return this.base !== null && this.added.size === 0 && this.removed.size === 0;
  }

  /** What the server needs to make this selection, as `POST selections/` takes it. */
  get parts() {
    return {
      ...(this.base ? { selection: this.base.token } : {}),
      image_ids: [...this.added.keys()],
      without: [...this.removed.keys()],
    };
  }

  knows(id) {
    return this.base === null || this.added.has(id) || this.#inBase.has(id);
  }

  has(id) {
    if (this.added.has(id)) return true;
    return Boolean(this.base) && Boolean(this.#inBase.get(id)) && !this.removed.has(id);
  }

  set(id, size, selected) {
    const inBase = this.base !== null && Boolean(this.#inBase.get(id));
    const [from, to] = selected ? [this.removed, this.added] : [this.added, this.removed];
    from.delete(id);
    if (inBase !== selected) to.set(id, size);
  }

  /** Of these ids the base has those `among` them. */
  learn(ids, among) {
    const has = new Set(among);
    for (const id of ids) this.#inBase.set(id, has.has(id));
  }

  /** The server has made a set of it: that is the base from now on. */
  rest({ token, count, bytes }) {
    this.base = { token, count, bytes };
    for (const id of this.added.keys()) this.#inBase.set(id, true);
    for (const id of this.removed.keys()) this.#inBase.set(id, false);
    this.added.clear();
    this.removed.clear();
  }

  /** As `rest`, of a set of which it is not known what it has. */
  become(made, everything = null) {
    this.clear();
    this.rest(made);
    this.everything = everything;
  }

  clear() {
    this.base = null;
    this.everything = null;
    for (const map of [this.added, this.removed, this.#inBase]) map.clear();
  }

  /** Forget pictures that are gone; those of the base the server counts: see `recount`. */
  drop(ids) {
    for (const id of ids) this.added.delete(id);
  }

  /**
   * The base has `count` pictures by now, among them those `there` of the ones that were taken out
   * of it. The others are gone, and counted twice else; they stay out, should they come back.
   */
  recount({ count, bytes }, there) {
    const gone = new Map(this.removed);
    for (const id of there) gone.delete(id);
    this.base = { ...this.base, count: count + gone.size, bytes: bytes + sum(gone) };
  }

  serialize() {
    const { base, everything } = this;
    return JSON.stringify({ base, everything, added: [...this.added], removed: [...this.removed] });
  }

  /** The selection that `serialize` has written; an empty one for a text of anything else. */
  static restore(text) {
    const selection = new Selection();
    try {
      const { base, everything, added, removed } = JSON.parse(text);
      selection.added = new Map(added);
      selection.removed = new Map(removed);
      selection.base = base;
      selection.everything = everything;
      for (const id of selection.removed.keys()) selection.#inBase.set(id, true);
    } catch {
      selection.clear();
    }
    return selection;
  }
}

function sum(sizes) {
  let total = 0;
  for (const size of sizes.values()) total += size;
  return total;
}

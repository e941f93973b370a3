/**
 * Which pictures are selected: single ones, or everything that a list's filters match but some.
 *
 * Pure. Sizes are bytes. `everything` is `{query, count, bytes}`; in that state `images` holds
 * what was taken out of it again.
 */
export class Selection {
  /** @type {Map<number, number>} size by id */
  images = new Map();
  everything = null;

  get count() {
    return this.everything ? this.everything.count - this.images.size : this.images.size;
  }

  get bytes() {
    let sum = 0;
    for (const size of this.images.values()) sum += size;
    return this.everything ? this.everything.bytes - sum : sum;
  }

  /** `query` is that of the list in which the picture stands. */
  has(id, query = this.everything?.query) {
    if (!this.everything) return this.images.has(id);
    return this.everything.query === query && !this.images.has(id);
  }

  set(id, size, selected) {
    if (selected === Boolean(this.everything)) this.images.delete(id);
    else this.images.set(id, size);
  }

  selectEverything(query, count, bytes) {
    this.images.clear();
    this.everything = { query, count, bytes };
  }

  clear() {
    this.images.clear();
    this.everything = null;
  }

  /** Forget pictures that are gone. */
  drop(ids) {
    if (this.everything) this.clear();
    else for (const id of ids) this.images.delete(id);
  }

  serialize() {
    return JSON.stringify({ images: [...this.images], everything: this.everything });
  }

  /** The selection that `serialize` has written; an empty one for a text of anything else. */
  static restore(text) {
    const selection = new Selection();
    try {
      const { images, everything } = JSON.parse(text);
      selection.images = new Map(images);
      selection.everything = everything ?? null;
    } catch {
      selection.clear();
    }
    return selection;
  }
}

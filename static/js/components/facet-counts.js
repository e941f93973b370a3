/**
 * <facet-counts> in the form of filters: writes the counts under the present filter into the
 * choices of its selects, once somebody comes near them. Without them the names stand alone.
 */
import { formatBound } from "../lib/format.js";
import { PageElement } from "../page/page-element.js";
import { facets } from "../server/facets.js";

const FACETS = { model: "models", aspect_ratio: "aspect_ratios" };
const SOON = 600; // milliseconds: a finger gives no sign of coming near

class FacetCounts extends PageElement {
  #timer;

  connected() {
    const form = this.closest("form");
    this.listen(form, { pointerenter: this.#count, focusin: this.#count }, { once: true });
    if (matchMedia("(hover: none)").matches || form.matches(":hover")) {
      this.#timer = setTimeout(() => this.#count(), SOON);
    }
  }

  disconnected() {
    clearTimeout(this.#timer);
  }

  async #count() {
    clearTimeout(this.#timer);
    let counted;
    try {
      counted = await facets();
    } catch {
      return; // The choices can be chosen without their counts.
    }
    if (!this.isConnected) return;
    for (const [name, facet] of Object.entries(FACETS)) {
      this.#write(this.closest("form").elements[name], counted[facet], counted.count_exact);
    }
  }

  #write(select, counts, exact) {
    const byName = new Map(counts.map(({ name, count }) => [name, count]));
    for (const option of select.options) {
      if (option.value === "") continue;
      const count = formatBound(byName.get(option.value) ?? 0, exact);
      option.textContent = `${option.value} (${count})`;
    }
  }
}

customElements.define("facet-counts", FacetCounts);

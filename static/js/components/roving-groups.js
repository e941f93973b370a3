/**
 * <roving-groups>: each group of the page (`data-roving`: cards, bars, pages, chips) is one stop
 * for the Tab key. Arrows lead through it, and Tab comes back to where one was. Without a script
 * everything is a stop of its own.
 */
import { PageElement } from "../page/page-element.js";

const STOPS = "a[href], button, input, summary";
const MOVES = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

class RovingGroups extends PageElement {
  connected() {
    this.listen(document, {
      focusin: this.#onFocusIn,
      "htmx:afterSwap": this.#arrangeAll,
      "results-changed": this.#arrangeAll,
    });
    this.listen(document, { keydown: this.#onKeydown }, { capture: true });
    this.#arrangeAll();
  }

  #arrangeAll() {
    for (const group of document.querySelectorAll("[data-roving]")) {
      const items = itemsOf(group);
      const focused = items.find((item) => item.contains(document.activeElement));
      const marked = items.find((item) => item.matches("[aria-current], :has([aria-current])"));
      arrange(items, focused ?? marked ?? items.at(group.dataset.roving === "last" ? -1 : 0));
    }
  }

  #onFocusIn({ target }) {
    const group = target.closest?.("[data-roving]");
    if (!group) return;
    const items = itemsOf(group);
    const item = items.find((each) => each.contains(target));
    if (item) arrange(items, item);
  }

  /** Cards are led through by <gallery-keys>, which knows rows and columns. */
  #onKeydown(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const group = target.closest?.("[data-roving]:not([data-items])");
    if (!group || !(key in MOVES || key === "Home" || key === "End")) return;
    const items = itemsOf(group);
    const place = items.findIndex((item) => item.contains(target));
    const last = items.length - 1;
    const wanted = key === "Home" ? 0 : key === "End" ? last : place + MOVES[key];
    stopsOf(items[Math.max(0, Math.min(last, wanted))])[0].focus();
    event.preventDefault();
    event.stopPropagation();
  }
}

/** What the group consists of: its pictures, else whatever in it can be pressed. */
function itemsOf(group) {
  const pictures = [...group.querySelectorAll("[data-id]")];
  return pictures.length > 0 ? pictures : [...group.querySelectorAll(STOPS)];
}

function stopsOf(item) {
  return item.matches(STOPS) ? [item] : [...item.querySelectorAll(STOPS)];
}

function arrange(items, current) {
  for (const item of items) {
    for (const stop of stopsOf(item)) stop.tabIndex = item === current ? 0 : -1;
  }
}

customElements.define("roving-groups", RovingGroups);

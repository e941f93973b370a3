/** <gallery-keys> around the <dialog> that lists them: the list pages by keyboard. */
import { neighbour } from "../lib/moves.js";
import { PageElement } from "../page/page-element.js";
import { isPermitted } from "../page/permissions.js";
import { toast } from "../page/signals.js";
import { askHowToDelete, deleteImages } from "../pictures/actions.js";
import { toggleFavorite } from "../pictures/favorites.js";
import { redoLast, undoLast } from "../pictures/undo.js";
import { choose, hear, lastHeard } from "../server/preferences.js";

const NEEDED = { f: "change", t: "change", x: "delete", Delete: "delete" };
const ONCE = ["Delete", "x", "f", "Escape"]; // held down, they act no second time
const ONCE_WITH_CONTROL = ["a", "y", "z"];
const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

class GalleryKeys extends PageElement {
  #heard = null; // promise of what the person has chosen; asked for with the first key

  connected() {
    this.listen(document, { keydown: this.#onKeydown, click: this.#onClick });
    this.listen(this, { change: this.#onChoice });
  }

  get #dialog() {
    return document.querySelector("image-dialog");
  }

  get #bar() {
    return document.querySelector("selection-bar");
  }

  /** The card or row that has the focus. */
  get #focused() {
    return document.activeElement?.closest("gallery-page [data-id]");
  }

  /** The open picture, or else the card or row that has the focus: what a key acts on. */
  get #front() {
    return this.#dialog.isOpen ? this.#dialog.shown : this.#focused;
  }

  #onClick(event) {
    if (event.target.closest("[data-keys]")) this.#help();
  }

  #onKeydown(event) {
    const { target, key } = event;
    if (event.altKey || event.isComposing) return;
    if (target.closest("textarea, select, [contenteditable]") || isTextField(target)) return;
    const other = document.querySelector("dialog:modal:not(.image-dialog)");
    if (other) return;
    const isControl = event.ctrlKey || event.metaKey;
    const once = isControl ? ONCE_WITH_CONTROL : ONCE;
    if (event.repeat && once.includes(key.length === 1 ? key.toLowerCase() : key)) {
      event.preventDefault();
      return;
    }
    if (isControl) {
      if (this.#withControl(event)) event.preventDefault();
      return;
    }
    this.#heard ??= hear();
    const isSingle = key.length === 1 && key !== " ";
    if (!isSingle && key !== "Delete") {
      this.#press(event);
      return;
    }
    const chosen = lastHeard();
    if (!chosen) {
      // The first key in this browser waits for the server's word, and is for what is in front now.
      const { shiftKey } = event;
      const front = this.#front;
      this.#heard.then(({ single_keys }) => {
        if (this.#front !== front) return;
        if (single_keys || !isSingle) this.#press({ key, shiftKey, target });
      });
    } else if (chosen.single_keys || !isSingle) {
      this.#press(event);
    }
  }

  #press(event) {
    const handled = this.#dialog.isOpen ? this.#inDialog(event) : this.#inList(event);
    if (handled || (event.key === "?" && this.#help())) event.preventDefault?.();
  }

  /** Whether the Delete key moves to the trash without a question; for good it never does. */
  get #isQuick() {
    return this.#bar.dataset.section !== "trash" && !lastHeard()?.ask_to_trash;
  }

  async #onChoice({ target }) {
    try {
      await choose(target.name, target.checked);
    } catch (error) {
      target.checked = !target.checked;
      toast(this, { text: error.message, error: true });
    }
  }

  /** Ctrl or ⌘ with a letter, as everywhere: all, undo, redo. */
  #withControl({ key, shiftKey }) {
    const letter = key.toLowerCase();
    if (letter === "a" && !shiftKey && !this.#dialog.isOpen) return this.#bar.selectMore();
    if (letter === "y" || (letter === "z" && shiftKey)) return redoLast();
    return letter === "z" && undoLast();
  }

  /**
   * While the picture is on its way: when it is there. A key that is held will act then anyway, and
   * what nobody has seen yet is not deleted without a question.
   */
  #inDialog({ key, target, repeat }) {
    const dialog = this.#dialog;
    const isSeen = dialog.isThere;
    const actions = {
      ArrowLeft: () => dialog.step(-1),
      ArrowRight: () => dialog.step(1),
      f: () => toggleFavoriteIn(dialog),
      t: () => dialog.querySelector("[name=add]")?.focus(),
      x: () => dialog.delete(),
      Delete: () => dialog.delete({ quick: this.#isQuick && isSeen }),
      "+": () => dialog.stage.zoom("in"),
      "=": () => dialog.stage.zoom("in"),
      "-": () => dialog.stage.zoom("out"),
      0: () => dialog.stage.zoom("reset"),
    };
    if (!(key in actions) || target.closest("[role=listbox]")) return false;
    if (repeat && !isSeen) return true;
    if (mayPress(key)) dialog.whenThere(actions[key]);
    return true;
  }

  #inList({ key, shiftKey, target }) {
    if (MOVES.includes(key)) return this.#move(key, shiftKey);
    if (key === " ") return this.#select(shiftKey, target);
    const actions = {
      "/": () => document.querySelector("#search").select(),
      g: () => document.querySelector("#view-grid")?.click(),
      l: () => document.querySelector("#view-list")?.click(),
      f: () => toggleFavoriteIn(this.#focused),
      t: () => this.#tags(),
      x: () => this.#delete(),
      Delete: () => this.#delete({ quick: this.#isQuick }),
      Escape: () => this.#bar.clear(),
    };
    if (!(key in actions)) return false;
    if (mayPress(key)) actions[key]();
    return true;
  }

  #move(key, shiftKey) {
    const items = [...document.querySelectorAll("gallery-page [data-id]")];
    const focused = this.#focused;
    if (items.length === 0 || (!focused && (key === "Home" || key === "End"))) return false;
    const boxes = items.map((item) => item.getBoundingClientRect());
    const index = focused ? neighbour(boxes, items.indexOf(focused), key) : 0;
    const link = items[index].querySelector(".card__link");
    link.focus();
    items[index].scrollIntoView({ block: "nearest" });
    if (shiftKey && focused && items[index] !== focused) {
      this.#bar.toggle(items[index].dataset.id, { range: true });
    }
    return true;
  }

  #select(shiftKey, target) {
    const focused = this.#focused;
    if (!focused || target.matches("button, input, summary")) return false;
    this.#bar.toggle(focused.dataset.id, { range: shiftKey });
    return true;
  }

  #tags() {
    const focused = this.#focused;
    if (!this.#bar.isEmpty) {
      this.#bar.editTags();
    } else if (focused) {
      focused.querySelector(".card__link").click();
      this.#dialog.whenThere(() => this.#dialog.querySelector("[name=add]")?.focus());
    }
  }

  async #delete({ quick = false } = {}) {
    const focused = this.#focused;
    if (!this.#bar.isEmpty) {
      this.#bar.delete({ quick });
    } else if (focused) {
      const how = quick ? "trash" : await askHowToDelete(1);
      if (how) await deleteImages([Number(focused.dataset.id)], how);
    }
  }

  #help() {
    this.querySelector("dialog").showModal();
    hear().then((chosen) => {
      for (const box of this.querySelectorAll("[type=checkbox]")) box.checked = chosen[box.name];
    });
    return true;
  }
}

function toggleFavoriteIn(part) {
  const heart = part?.querySelector("[data-favorite]");
  if (heart) toggleFavorite(heart);
}

function mayPress(key) {
  return !(key in NEEDED) || isPermitted(NEEDED[key]);
}

function isTextField(target) {
  return target.matches("input:not([type=checkbox], [type=radio], [type=button])");
}

customElements.define("gallery-keys", GalleryKeys);

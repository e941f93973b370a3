/** <gallery-keys> around the <dialog> that lists them: the list pages by keyboard. */
import { askHowToDelete, deleteImages } from "../lib/actions.js";
import { toggleFavorite } from "../lib/favorites.js";
import { neighbour } from "../lib/moves.js";

const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

class GalleryKeys extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this.#onKeydown);
    document.addEventListener("click", this.#onClick);
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

  #onClick = (event) => {
    if (event.target.closest("[data-keys]")) this.#help();
  };

  #onKeydown = (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (target.closest("textarea, select, [contenteditable]") || isTextField(target)) return;
    const other = document.querySelector("dialog:modal:not(.image-dialog)");
    if (other) return;
    const handled = this.#dialog.isOpen ? this.#inDialog(event) : this.#inList(event);
    if (handled || (key === "?" && this.#help())) event.preventDefault();
  };

  #inDialog({ key, target }) {
    const dialog = this.#dialog;
    const actions = {
      ArrowLeft: () => dialog.step(-1),
      ArrowRight: () => dialog.step(1),
      f: () => toggleFavorite(dialog.querySelector("[data-favorite]")),
      t: () => dialog.querySelector("[name=add]").focus(),
      x: () => dialog.delete(),
      Delete: () => dialog.delete(),
      "+": () => dialog.stage.zoom("in"),
      "=": () => dialog.stage.zoom("in"),
      "-": () => dialog.stage.zoom("out"),
      0: () => dialog.stage.zoom("reset"),
    };
    if (!(key in actions) || target.closest("[role=listbox]")) return false;
    actions[key]();
    return true;
  }

  #inList({ key, shiftKey, target }) {
    if (MOVES.includes(key)) return this.#move(key, shiftKey);
    if (key === " ") return this.#select(shiftKey, target);
    const actions = {
      "/": () => document.querySelector("#search").select(),
      g: () => document.querySelector("#view-grid")?.click(),
      l: () => document.querySelector("#view-list")?.click(),
      f: () => this.#favorite(),
      t: () => this.#tags(),
      x: () => this.#delete(),
      Delete: () => this.#delete(),
      Escape: () => this.#bar.clear(),
    };
    if (!(key in actions)) return false;
    actions[key]();
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

  #favorite() {
    const heart = this.#focused?.querySelector("[data-favorite]");
    if (heart) toggleFavorite(heart);
  }

  async #tags() {
    const focused = this.#focused;
    if (!this.#bar.isEmpty) {
      this.#bar.editTags();
    } else if (focused) {
      document.addEventListener(
        "image-shown",
        () => this.#dialog.querySelector("[name=add]").focus(),
        { once: true },
      );
      focused.querySelector(".card__link").click();
    }
  }

  async #delete() {
    const focused = this.#focused;
    if (!this.#bar.isEmpty) {
      this.#bar.delete();
    } else if (focused) {
      const how = await askHowToDelete(1);
      if (how) await deleteImages([Number(focused.dataset.id)], how);
    }
  }

  #help() {
    this.querySelector("dialog").showModal();
    return true;
  }
}

function isTextField(target) {
  return target.matches("input:not([type=checkbox], [type=radio], [type=button])");
}

customElements.define("gallery-keys", GalleryKeys);

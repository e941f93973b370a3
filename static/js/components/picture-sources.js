/**
 * <picture-sources data-most>: the pictures that are to be edited.
 *
 * They are dropped anywhere on the page, pasted, chosen by its button, or added by a script; its
 * JSON lists what `add` takes, to begin with. Says "sources-change".
 */
import { element, icon } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { toast } from "../page/signals.js";
import { text } from "../page/texts.js";

class PictureSources extends PageElement {
  #pictures = []; // {link, image}

  prepared() {
    this.list = this.querySelector("[data-list]");
    const given = this.querySelector("script[type='application/json']");
    for (const picture of JSON.parse(given.textContent)) this.add(picture);
  }

  connected() {
    this.listen(this.querySelector("input[type=file]"), { change: this.#onChoice });
    this.listen(this.querySelector("[data-choose]"), { click: this.#choose });
    this.listen(document, {
      dragover: this.#onDragOver,
      dragleave: this.#onDragLeave,
      drop: this.#onDrop,
      paste: this.#onPaste,
    });
  }

  /** As the gateway takes them. */
  get values() {
    return this.#pictures.map(({ link }) => ({ image_url: link }));
  }

  /** The first one's shape, as CSS writes it. */
  get ratio() {
    const { naturalWidth, naturalHeight } = this.#pictures[0].image;
    return naturalWidth ? `${naturalWidth} / ${naturalHeight}` : "1 / 1";
  }

  /** One more, by its link, shown by a smaller `preview`; one that is there already stays alone. */
  add({ link, preview = link, sensitive = false }) {
    if (this.#pictures.some((one) => one.link === link)) return;
    const most = Number(this.dataset.most);
    if (this.#pictures.length >= most) {
      toast(this, { text: text("too-many", { count: most }), error: true });
      return;
    }
    const image = element("img", { alt: "", src: preview });
    const remove = element(
      "button",
      { type: "button", class: "source__remove", "aria-label": this.dataset.removeLabel },
      [icon("x")],
    );
    const item = element("li", { class: sensitive ? "source sensitive" : "source" }, [
      image,
      remove,
    ]);
    const picture = { link, image };
    const drop = () => {
      this.#pictures = this.#pictures.filter((one) => one !== picture);
      item.remove();
      this.#changed();
    };
    remove.addEventListener("click", drop);
    image.addEventListener("error", () => {
      drop();
      toast(this, { text: text("not-a-picture"), error: true });
    });
    this.#pictures.push(picture);
    this.list.append(item);
    this.#changed();
  }

  #changed() {
    this.list.hidden = this.#pictures.length === 0;
    this.dispatchEvent(new Event("sources-change", { bubbles: true }));
  }

  #take(files) {
    for (const file of files) {
      const reader = new FileReader();
      reader.addEventListener("load", () => this.add({ link: reader.result }));
      reader.readAsDataURL(file);
    }
  }

  #choose() {
    this.querySelector("input[type=file]").click();
  }

  #onChoice({ target }) {
    this.#take(target.files);
    target.value = "";
  }

  #onDragOver(event) {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    this.classList.add("sources--over");
  }

  #onDragLeave(event) {
    if (event.relatedTarget === null) this.classList.remove("sources--over");
  }

  #onDrop(event) {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    this.classList.remove("sources--over");
    this.#take(event.dataTransfer.files);
  }

  #onPaste(event) {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    this.#take(event.clipboardData.files);
  }
}

function holdsFiles(transfer) {
  return transfer.types.includes("Files");
}

customElements.define("picture-sources", PictureSources);

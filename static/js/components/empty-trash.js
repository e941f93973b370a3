/** <empty-trash data-url> around the link to the page that asks: asks here, and tells how far it is. */
import { PageElement } from "../page/page-element.js";
import { toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import { askToEmptyTrash, deleteImages } from "../pictures/actions.js";
import { send } from "../server/requests.js";

class EmptyTrash extends PageElement {
  connected() {
    this.listen(this, { click: this.#onClick });
  }

  #onClick(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#empty();
  }

  /** What is named is what goes: pictures that come into the trash meanwhile stay there. */
  async #empty() {
    const link = this.querySelector("a");
    if (link.ariaBusy === "true") return;
    link.ariaBusy = "true";
    try {
      const { ids } = await send(this.dataset.url, { method: "GET" });
      link.ariaBusy = null;
      if (ids.length === 0) {
        toast(this, { text: text("trash-empty") });
        this.hidden = true;
      } else if (await askToEmptyTrash(ids.length)) {
        const { done } = await deleteImages(ids, "forever");
        this.hidden = done === ids.length;
      }
    } catch (error) {
      toast(this, { text: error.message, error: true });
    } finally {
      link.ariaBusy = null;
    }
  }
}

customElements.define("empty-trash", EmptyTrash);

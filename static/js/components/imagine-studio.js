/**
 * <imagine-studio>: takes a prompt, keeps a few requests under way at a time, shows their tiles.
 *
 * A browser opens six connections to a server; two are left for pictures and pages.
 */
import { element, toast } from "../lib/elements.js";
import { GenerationError } from "../lib/generation.js";
import { PageToken } from "../lib/page-token.js";
import { Remembered } from "../lib/remembered.js";
import { text } from "../lib/texts.js";
import { ImagineTile } from "./imagine-tile.js";
import "./picture-sources.js";

const PARALLEL = 4;

class ImagineStudio extends HTMLElement {
  #waiting = [];
  #running = new Set();
  #endless = null;
  #ratio = "1 / 1";

  connectedCallback() {
    this.form = this.querySelector("form");
    this.tiles = this.querySelector("[data-tiles]");
    this.sources = this.querySelector("picture-sources");
    this.remembered = new Remembered(localStorage);
    this.template = this.querySelector("[data-tile-template]");
    const csrf = document.querySelector("meta[name=csrf-token]").content;
    this.gateway = {
      url: this.dataset.generationsUrl,
      editsUrl: this.dataset.editsUrl,
      token: new PageToken(this.dataset.tokenUrl, csrf),
    };
    this.galleryUrl = this.dataset.galleryUrl;
    this.#restoreChoices();
    this.#showHistory();
    this.form.addEventListener("submit", this.#onSubmit);
    this.form.addEventListener("change", this.#onChange);
    this.form.prompt.addEventListener("keydown", this.#onKeydown);
    this.addEventListener("click", this.#onClick);
    this.#select("order").addEventListener("change", this.#onOrder);
    this.addEventListener("sources-change", this.#onSources);
    this.#onSources();
  }

  usualDuration() {
    return this.remembered.usualDuration(this.dataset.provider);
  }

  onRetry(tile) {
    tile.element.querySelector("[data-glimpse]").hidden = true;
    tile.wait();
    this.#waiting.push(tile);
    this.#fill();
  }

  onLeave(tile, begun) {
    this.#waiting = this.#waiting.filter((one) => one !== tile);
    if (begun) toast(this, { text: text("left") });
    this.#report();
  }

  #select(name) {
    return this.querySelector(`[data-${name}]`);
  }

  #onSubmit = (event) => {
    event.preventDefault();
    const { prompt, aspect_ratio, n, model } = this.#values();
    if (!prompt.trim()) return;
    this.remembered.addPrompt(prompt.trim());
    this.#showHistory();
    const images = this.sources.values;
    const request = {
      prompt: prompt.trim(),
      aspect_ratio,
      ...(model && { model }),
      ...(images.length && { images }),
    };
    this.#ratio = aspect_ratio === "auto" ? this.sources.ratio : aspect_ratio.replace(":", " / ");
    this.#endless = this.#select("endless").checked ? request : null;
    for (let count = 0; count < Number(n); count++) this.#add(request);
    this.#fill();
  };

  #onKeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  };

  #onChange = (event) => {
    if (event.target.matches("[data-endless]")) {
      if (!event.target.checked) this.#stop();
      return;
    }
    const { aspect_ratio, n, model } = this.#values();
    if (aspect_ratio !== "auto") this.remembered.choices = { aspect_ratio, n, model };
  };

  #onClick = (event) => {
    const idea = event.target.closest("[data-idea]");
    if (idea) this.#usePrompt(idea.textContent);
    if (event.target.closest("[data-stop]")) this.#stop();
    const edit = event.target.closest("[data-edit]");
    if (edit) {
      const sensitive = edit.closest(".tile").querySelector(".sensitive") !== null;
      this.#editPicture({ link: edit.dataset.edit, sensitive });
    }
  };

  #onOrder = () => {
    this.tiles.append(...Array.from(this.tiles.children).reverse());
  };

  /** With pictures to edit there is one more shape to choose: theirs. */
  #onSources = () => {
    const auto = this.form.querySelector("[name=aspect_ratio][value=auto]");
    const edits = this.sources.values.length > 0;
    const appeared = edits && auto.disabled;
    auto.disabled = !edits;
    auto.closest("label").hidden = !edits;
    if (appeared) auto.checked = true;
    if (!edits && auto.checked) {
      this.form.querySelector("[name=aspect_ratio]:not([value=auto])").checked = true;
    }
  };

  #values() {
    return Object.fromEntries(new FormData(this.form));
  }

  #usePrompt(prompt) {
    this.form.prompt.value = prompt;
    this.form.prompt.focus();
  }

  #editPicture(picture) {
    this.sources.add(picture);
    this.form.prompt.focus();
    this.form.scrollIntoView({ block: "nearest" });
  }

  #add(request) {
    const tile = new ImagineTile(request, this.#ratio, this);
    if (this.#select("order").value === "newest") this.tiles.prepend(tile.element);
    else this.tiles.append(tile.element);
    this.#select("empty").hidden = true;
    this.#waiting.push(tile);
  }

  #fill() {
    while (this.#running.size < PARALLEL && this.#waiting.length) {
      const tile = this.#waiting.shift();
      this.#running.add(tile);
      this.#follow(tile);
    }
    this.#report();
  }

  async #follow(tile) {
    try {
      const duration = await tile.run();
      if (duration !== null) this.remembered.addDuration(this.dataset.provider, duration);
      if (this.#endless) this.#add(this.#endless);
    } catch (error) {
      if (!(error instanceof GenerationError)) throw error;
      // The tile says it; an endless row of errors helps nobody.
      if (this.#endless) {
        this.#stop();
        toast(this, { text: text("endless_stopped"), error: true });
      }
    } finally {
      this.#running.delete(tile);
      this.#fill();
    }
  }

  /** Nothing new is begun; what is under way comes. */
  #stop() {
    this.#endless = null;
    this.#select("endless").checked = false;
    for (const tile of [...this.#waiting]) tile.cancel();
    this.#report();
  }

  #report() {
    const count = this.#waiting.length + this.#running.size;
    const announcer = this.#select("announcer");
    const sentence = count ? text("working", { count }) : text("finished");
    if (count || announcer.textContent) announcer.textContent = sentence;
    this.#select("stop").hidden = !(this.#endless || this.#waiting.length);
  }

  #restoreChoices() {
    const { search } = window.location;
    const named = new URLSearchParams(search);
    for (const [name, value] of Object.entries(this.remembered.choices)) {
      if (value === undefined || named.has(name)) continue;
      const input = this.form.querySelector(
        `[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`,
      );
      if (input) input.checked = true;
      const select = this.form.querySelector(`select[name="${CSS.escape(name)}"]`);
      if (select?.querySelector(`option[value="${CSS.escape(value)}"]`)) select.value = value;
    }
  }

  #showHistory() {
    const { prompts } = this.remembered;
    this.#select("history").hidden = prompts.length === 0;
    this.#select("earlier").replaceChildren(
      ...prompts.slice(0, 20).map((prompt) => {
        const button = element("button", { type: "button", class: "menu__item", dir: "auto" }, [
          element("span", { class: "composer__earlier-text" }, [prompt]),
        ]);
        button.addEventListener("click", () => {
          this.#usePrompt(prompt);
          this.#select("history").querySelector("details").open = false;
        });
        return button;
      }),
    );
  }
}

customElements.define("imagine-studio", ImagineStudio);

/**
 * <imagine-studio>: takes a prompt, hands all that is asked to the server at once, and shows how its
 * tasks go; those that were asked before, too.
 *
 * A browser opens six connections to a server: four follow tasks, two are left for the rest.
 */
import { GenerationError } from "../lib/generation.js";
import { Remembered } from "../lib/remembered.js";
import { element } from "../page/elements.js";
import { toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import { complete } from "../server/outcome.js";
import { PageToken } from "../server/page-token.js";
import { newKey, submitTasks } from "../server/tasks.js";
import "./imagine-options.js";
import { ImagineTile } from "./imagine-tile.js";
import "./picture-sources.js";
import { PageElement } from "../page/page-element.js";

const PARALLEL = 4;
const OPTIONS = ["resolution", "quality", "output_format"]; // each sent where something is chosen

class ImagineStudio extends PageElement {
  #waiting = [];
  #running = new Set();
  #submitted = new Set(); // tiles whose tasks the server is just being asked to take
  #endless = null;
  #ratio = "1 / 1";
  #counts = { done: 0, failed: 0 }; // since the page was last at rest

  prepared() {
    this.form = this.querySelector("form");
    this.tiles = this.querySelector("[data-tiles]");
    this.sources = this.querySelector("picture-sources");
    this.remembered = new Remembered(localStorage);
    this.template = this.querySelector("[data-tile-template]");
    this.gateway = {
      url: this.dataset.generationsUrl,
      editsUrl: this.dataset.editsUrl,
      token: new PageToken(this.dataset.tokenUrl),
    };
    this.galleryUrl = this.dataset.galleryUrl;
    this.outcomeUrl = this.dataset.outcomeUrl;
    this.#restoreChoices();
    this.#showHistory();
    this.#resume(JSON.parse(document.getElementById("tasks").textContent));
  }

  connected() {
    this.listen(this, { click: this.#onClick, "sources-change": this.#onSources });
    this.listen(this, { toggle: this.#onToggle }, { capture: true });
    this.listen(this.form, { submit: this.#onSubmit, change: this.#onChange });
    this.listen(this.form.prompt, { keydown: this.#onKeydown });
    this.listen(this.#select("order"), { change: this.#onOrder });
    this.#onSources();
  }

  usualDuration() {
    return this.remembered.usualDuration(this.dataset.provider);
  }

  /** Whether tasks need not be followed while nobody looks: what follows upon each of them must. */
  mayRest() {
    return this.#endless === null;
  }

  onStarted() {
    this.#report();
  }

  /** Ask once more. What the server may have taken already is sent again as it was, and whole. */
  onRetry(tile) {
    if (tile.task) this.remembered.dismiss(tile.task.poll_url);
    if (tile.submission) this.#send(tile.submission);
    else this.#submit(tile.request, [tile]);
  }

  onLeave(tile, begun) {
    if (tile.task) this.remembered.dismiss(tile.task.poll_url);
    this.#waiting = this.#waiting.filter((one) => one !== tile);
    this.#submitted.delete(tile);
    if (begun) toast(this, { text: text("left") });
    this.#report();
  }

  /** What was asked before this page was opened, here or in another one. */
  #resume(tasks) {
    const { dismissed } = this.remembered;
    for (const task of tasks) {
      const { prompt, aspect_ratio, model, error, is_edit } = task;
      if (error && dismissed.includes(task.poll_url)) continue;
      const ratio = aspect_ratio ? aspect_ratio.replace(":", " / ") : "1 / 1";
      const request = { prompt, model, ...(aspect_ratio && { aspect_ratio }), unknown: is_edit };
      const tile = this.#add(request, ratio);
      tile.accept(task);
      if (error) tile.fail(error);
      else this.#waiting.push(tile);
    }
    if (tasks.length) this.#fill();
  }

  /** Let the server take these; the page only looks on from then. */
  #submit(request, tiles) {
    const { unknown, ...asked } = request;
    // The sample painter paints the same for the same words, but for its seed.
    const seed = Math.floor(Math.random() * 2 ** 31);
    const varied = this.dataset.provider === "sample" ? { seed, ...asked } : asked;
    return this.#send({ request: varied, tiles, key: newKey() });
  }

  async #send(submission) {
    const { request, tiles, key } = submission;
    const awaited = tiles.filter((tile) => !tile.isLeft);
    for (const tile of awaited) {
      tile.wait();
      tile.submission = submission;
      this.#submitted.add(tile);
    }
    this.#report();
    try {
      const tasks = await submitTasks(request, tiles.length, key, this.gateway);
      for (const [index, tile] of tiles.entries()) {
        if (!tile.isLeft) this.#waiting.push(tile);
        tile.accept(tasks[index]);
      }
    } catch (error) {
      if (!(error instanceof GenerationError)) throw error;
      for (const tile of tiles) this.#submitted.delete(tile);
      const mayBeTaken = error.isAway || error.status >= 500;
      for (const tile of tiles) {
        if (!mayBeTaken) tile.submission = null;
        tile.fail(error);
        if (tile.isLeft && mayBeTaken && awaited.includes(tile)) this.onLeave(tile, true);
      }
      this.#counts.failed += tiles.filter((tile) => !tile.isLeft).length;
      this.#endEndless();
    } finally {
      for (const tile of tiles) this.#submitted.delete(tile);
      this.#fill();
    }
  }

  #select(name) {
    return this.querySelector(`[data-${name}]`);
  }

  #onSubmit(event) {
    event.preventDefault();
    const { prompt, aspect_ratio, n, model, seed, ...others } = this.#values();
    if (!prompt.trim()) return;
    this.remembered.addPrompt(prompt.trim());
    this.#showHistory();
    const images = this.sources.values;
    const request = {
      prompt: prompt.trim(),
      aspect_ratio,
      ...(model && { model }),
      ...Object.fromEntries(
        OPTIONS.filter((name) => others[name]).map((name) => [name, others[name]]),
      ),
      ...(seed && { seed: Number(seed) }),
      ...(images.length && { images }),
    };
    this.#ratio = aspect_ratio === "auto" ? this.sources.ratio : aspect_ratio.replace(":", " / ");
    this.#endless = this.#select("endless").checked ? request : null;
    const tiles = Array.from({ length: Number(n) }, () => this.#add(request, this.#ratio));
    this.#submit(request, tiles);
  }

  #onKeydown(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  }

  #onChange(event) {
    if (event.target.matches("[data-endless]")) {
      if (!event.target.checked) this.#stop();
      return;
    }
    const { prompt, seed, ...choices } = this.#values();
    if (choices.aspect_ratio === "auto") delete choices.aspect_ratio;
    this.remembered.choices = { ...this.remembered.choices, ...choices };
  }

  #onClick(event) {
    const idea = event.target.closest("[data-idea]");
    if (idea) this.#usePrompt(idea.textContent.trim());
    if (event.target.closest("[data-stop]")) this.#stop();
    const link = event.target.closest("a[data-open]");
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && plain && event.button === 0) {
      event.preventDefault();
      document.querySelector("picture-over").open(link.dataset.open, link);
    }
    const edit = event.target.closest("[data-edit]");
    if (edit) {
      const tile = edit.closest(".tile");
      const sensitive = tile.querySelector(".sensitive") !== null;
      const preview = tile.querySelector(".tile__picture").src;
      this.#editPicture({ link: edit.dataset.edit, preview, sensitive });
    }
  }

  #onToggle({ target }) {
    complete(target);
  }

  #onOrder() {
    this.tiles.append(...Array.from(this.tiles.children).reverse());
  }

  /** With pictures to edit there is one more shape to choose: theirs. */
  #onSources() {
    const auto = this.form.querySelector("[name=aspect_ratio][value=auto]");
    const edits = this.sources.values.length > 0;
    const appeared = edits && auto.disabled;
    auto.disabled = !edits;
    auto.closest("label").hidden = !edits;
    if (appeared) auto.checked = true;
    if (!edits && auto.checked) {
      this.form.querySelector("[name=aspect_ratio]:not([value=auto])").checked = true;
    }
  }

  #values() {
    return Object.fromEntries(new FormData(this.form));
  }

  #usePrompt(prompt) {
    this.form.prompt.value = prompt;
    this.form.prompt.dispatchEvent(new Event("change", { bubbles: true }));
    this.form.prompt.focus();
  }

  #editPicture(picture) {
    this.sources.add(picture);
    this.form.prompt.focus();
    this.form.scrollIntoView({ block: "nearest" });
  }

  #add(request, ratio) {
    const tile = new ImagineTile(request, ratio, this);
    if (this.#select("order").value === "newest") this.tiles.prepend(tile.element);
    else this.tiles.append(tile.element);
    this.#select("empty").hidden = true;
    return tile;
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
      if (tile.element.dataset.state === "done") this.#counts.done++;
      if (this.#endless) this.#submit(this.#endless, [this.#add(this.#endless, this.#ratio)]);
    } catch (error) {
      if (!(error instanceof GenerationError)) throw error;
      this.#counts.failed++;
      this.#endEndless();
    } finally {
      this.#running.delete(tile);
      this.#fill();
    }
  }

  /** The tile says what is wrong; an endless row of errors helps nobody. */
  #endEndless() {
    if (!this.#endless) return;
    this.#stop();
    toast(this, { text: text("endless_stopped"), error: true });
  }

  /** Nothing new is begun; what is under way comes. */
  #stop() {
    this.#endless = null;
    this.#select("endless").checked = false;
    for (const tile of this.#submitted) tile.cancel();
    for (const tile of [...this.#waiting, ...this.#running]) if (tile.waits) tile.withdraw();
    this.#report();
  }

  #report() {
    const { done, failed } = this.#counts;
    const count = this.#waiting.length + this.#running.size + this.#submitted.size;
    const announcer = this.#select("announcer");
    if (count) {
      announcer.textContent = text("working", { count });
    } else if (done || failed) {
      announcer.textContent = text(
        failed === 0 ? "finished" : done === 0 ? "finished_none" : "finished_some",
        { count: failed },
      );
      this.#counts = { done: 0, failed: 0 };
    } else if (announcer.textContent === text("working", { count: 1 })) {
      announcer.textContent = "";
    }
    const all = [...this.#submitted, ...this.#waiting, ...this.#running];
    const waits = all.some((tile) => tile.waits);
    this.#select("stop").hidden = !(this.#endless || waits);
  }

  #restoreChoices() {
    const { search } = window.location;
    const named = new URLSearchParams(search);
    if (named.has("again") || named.has("generation")) return; // as that one was made
    for (const [name, value] of Object.entries(this.remembered.choices)) {
      if (value === undefined || named.has(name)) continue;
      const input = this.form.querySelector(
        `[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`,
      );
      if (input) input.checked = true;
      const select = this.form.querySelector(`select[name="${CSS.escape(name)}"]`);
      if (select?.querySelector(`option[value="${CSS.escape(value)}"]`)) select.value = value;
      else if (select) select.dataset.value = value; // another model may offer it
    }
    this.querySelector("imagine-options").show();
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

/** One picture on its way: waits, shows how it grows, ends as the picture or as an error. */
import { GenerationError } from "../lib/generation.js";
import { likelyProgress } from "../lib/remembered.js";
import { whileSeen } from "../lib/while-seen.js";
import { hasText, isWhole, text } from "../page/texts.js";
import { outcomeOf } from "../server/outcome.js";
import { cancelTask, followTask } from "../server/tasks.js";
import { thumbnailSources } from "../server/thumbnails.js";

const TICK = 100; // milliseconds
const AGAIN = 3000; // milliseconds until a server that went away is asked again

export class ImagineTile {
  #part;
  #timer;
  #began = null; // by the page's clock, milliseconds
  #missed = false; // whether it was out of sight for a while, and may have ended then
  #controller = new AbortController();

  /**
   * @param {object} request prompt, aspect_ratio, model, and images where some are edited
   * @param {string} ratio "3 / 2", the shape of its frame until the picture has come
   * @param {object} studio template, gateway {token}, galleryUrl, outcomeUrl, usualDuration(),
   *   mayRest(), onStarted(), onRetry(tile), onLeave(tile, begun)
   */
  constructor(request, ratio, studio) {
    this.request = request;
    this.studio = studio;
    this.task = null;
    this.submission = null; // while the server's answer to it is not known
    this.element = studio.template.content.firstElementChild.cloneNode(true);
    this.#part = (name) => this.element.querySelector(`[data-${name}]`);
    this.element.querySelector(".tile__frame").style.aspectRatio = ratio;
    this.#part("prompt").textContent = request.prompt;
    this.#part("cancel").addEventListener("click", () => this.cancel());
    this.#part("retry").addEventListener("click", () => studio.onRetry(this));
    this.wait();
  }

  get waits() {
    return this.#began === null;
  }

  get isLeft() {
    return this.#controller.signal.aborted;
  }

  wait() {
    this.task = null;
    this.#began = null;
    this.#missed = false;
    this.#part("glimpse").hidden = true;
    this.#show("waiting");
    this.#part("phase").textContent = text("waiting");
    this.#part("elapsed").textContent = "";
  }

  /** The server has taken it; what was left before that is cancelled now. */
  async accept(task) {
    this.task = task;
    this.submission = null;
    if (!this.isLeft) return;
    const cancelled = await cancelTask(task, this.studio.gateway);
    this.studio.onLeave(this, !cancelled);
  }

  /** Follow its task; resolves to its duration in milliseconds, null where that is not known. */
  async run() {
    try {
      this.#finish(await this.#insist());
      return this.#began === null || this.#missed ? null : performance.now() - this.#began;
    } catch (error) {
      if (error.name === "AbortError") return null;
      this.fail(error);
      throw error;
    } finally {
      clearInterval(this.#timer);
    }
  }

  /** Stop waiting for it. What the image model has begun, it finishes; the gallery has it then. */
  async cancel() {
    const hasFailed = this.element.dataset.state === "failed";
    this.#controller.abort();
    this.element.remove();
    if (hasFailed || !this.task) {
      // One whose answer was lost may come; of one that is being asked for `accept` sees to it.
      this.studio.onLeave(this, hasFailed && this.submission !== null);
      return;
    }
    const cancelled = await cancelTask(this.task, this.studio.gateway);
    this.studio.onLeave(this, !cancelled);
  }

  /** Take it out of the queue; one whose turn has come meanwhile goes on. */
  async withdraw() {
    if (this.task && !(await cancelTask(this.task, this.studio.gateway))) return;
    this.#controller.abort();
    this.element.remove();
    this.studio.onLeave(this, false);
  }

  /** Say why there is no picture. */
  fail({ code, message, retryAfter }) {
    const limited = code === "rate_limit_exceeded" && retryAfter;
    const name = limited ? "rate_limit_seconds" : hasText(code) ? code : "failed";
    const reason = text(name, { seconds: retryAfter });
    this.#part("reason").textContent = reason;
    const detail = this.#part("detail");
    detail.textContent = message;
    detail.hidden = !message || message === reason || isWhole(code);
    this.#part("retry").hidden = this.request.unknown === true;
    this.#show("failed");
  }

  /** The server keeps the task, so that a server that is away is no failure. */
  async #insist() {
    while (true) {
      try {
        return await whileSeen((signal) => this.#followOnce(signal), {
          signal: this.#controller.signal,
          page: document,
          mayRest: () => this.studio.mayRest(),
        });
      } catch (error) {
        if (!(error instanceof GenerationError && error.isAway)) throw error;
        this.#missed = true;
        this.#part("phase").textContent = text("offline");
        await pause(Math.max(AGAIN, error.retryAfter * 1000), this.#controller.signal);
      }
    }
  }

  async #followOnce(signal) {
    signal.addEventListener("abort", () => {
      this.#missed = true;
    });
    return followTask(this.task, {
      token: this.studio.gateway.token,
      signal,
      onStarted: (ago) => this.#start(ago),
      onGlimpse: (link) => this.#glimpse(link),
    });
  }

  #start(ago) {
    this.#began = performance.now() - ago;
    this.studio.onStarted();
    this.#show("painting");
    this.#part("phase").textContent = text("painting");
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(performance.now() - this.#began), TICK);
  }

  #tick(elapsed) {
    this.#part("elapsed").textContent = `${(elapsed / 1000).toFixed(1)} s`;
    const likely = likelyProgress(elapsed, this.studio.usualDuration());
    if (likely !== undefined) this.#part("progress").value = likely;
  }

  #glimpse(link) {
    const glimpse = this.#part("glimpse");
    glimpse.src = link;
    glimpse.hidden = false;
  }

  #finish({ url, b64_json, output_format, image_id, model, size }) {
    const source =
      url ?? `data:image/${output_format === "svg" ? "svg+xml" : output_format};base64,${b64_json}`;
    const [width, height] = size.split("x");
    const picture = this.#part("picture");
    picture.width = Number(width);
    picture.height = Number(height);
    picture.alt = this.request.prompt.slice(0, 200);
    if (image_id) Object.assign(picture, thumbnailSources(image_id, picture));
    else picture.src = source;
    picture.addEventListener("load", () => this.#part("glimpse").remove(), { once: true });
    this.element.querySelector(".tile__frame").style.aspectRatio = `${width} / ${height}`;
    const link = this.#part("link");
    link.href = image_id ? `${this.studio.galleryUrl}${image_id}` : source;
    if (image_id) link.dataset.open = image_id;
    link.hidden = false;
    const download = this.#part("download");
    download.href = source;
    const suffix = url?.slice(url.lastIndexOf(".") + 1) ?? output_format;
    download.download = `${image_id ?? "picture"}.${suffix}`;
    download.hidden = false;
    const edit = this.#part("edit");
    edit.dataset.edit = source;
    edit.hidden = false;
    this.#part("sample").hidden = !model.startsWith("sample");
    this.#part("cancel").remove();
    this.#show("done");
    if (image_id) this.#tellOutcome(image_id);
  }

  /** What was asked beside what came; without it the picture stands alone. */
  async #tellOutcome(image) {
    const outcome = await outcomeOf(this.studio.outcomeUrl.replace("/0/", `/${image}/`));
    if (outcome) this.element.append(outcome);
  }

  #show(state) {
    this.element.dataset.state = state;
    this.#part("status").hidden = state === "done" || state === "failed";
    this.#part("error").hidden = state !== "failed";
    this.#part("progress").removeAttribute("value");
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

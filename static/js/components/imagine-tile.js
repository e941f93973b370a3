/** One picture on its way: waits, shows how it grows, ends as the picture or as an error. */
import { generate } from "../lib/generation.js";
import { likelyProgress } from "../lib/remembered.js";
import { hasText, text } from "../lib/texts.js";

const TICK = 100; // milliseconds

export class ImagineTile {
  #part;
  #timer;
  #controller = null;

  /**
   * @param {object} request prompt, aspect_ratio, model, and images where some are edited
   * @param {string} ratio "3 / 2", the shape of its frame until the picture has come
   * @param {object} studio template, gateway {url, editsUrl, token}, galleryUrl, dataset.provider,
   *   usualDuration(), onRetry(tile), onLeave(tile)
   */
  constructor(request, ratio, studio) {
    // The sample painter paints the same for the same words, but for its seed.
    const seed = Math.floor(Math.random() * 2 ** 32);
    this.request = studio.dataset.provider === "sample" ? { ...request, seed } : request;
    this.studio = studio;
    this.element = studio.template.content.firstElementChild.cloneNode(true);
    this.#part = (name) => this.element.querySelector(`[data-${name}]`);
    this.element.querySelector(".tile__frame").style.aspectRatio = ratio;
    this.#part("prompt").textContent = request.prompt;
    this.#part("cancel").addEventListener("click", () => this.cancel());
    this.#part("retry").addEventListener("click", () => studio.onRetry(this));
    this.wait();
  }

  wait() {
    this.#show("waiting");
    this.#part("phase").textContent = text("waiting");
    this.#part("elapsed").textContent = "";
  }

  /** Paint it; resolves to its duration in milliseconds, null where it was cancelled. */
  async run() {
    const began = performance.now();
    this.#controller = new AbortController();
    this.#show("painting");
    this.#part("phase").textContent = text("painting");
    this.#timer = setInterval(() => this.#tick(performance.now() - began), TICK);
    try {
      const picture = await generate(this.request, {
        ...this.studio.gateway,
        signal: this.#controller.signal,
        onGlimpse: (link) => this.#glimpse(link),
      });
      this.#finish(picture);
      return performance.now() - began;
    } catch (error) {
      if (error.name === "AbortError") return null;
      this.#fail(error);
      throw error;
    } finally {
      clearInterval(this.#timer);
    }
  }

  /** Stop waiting for it. What the image model has begun, it finishes; the gallery has it then. */
  cancel() {
    const begun = this.#controller !== null;
    this.#controller?.abort();
    this.element.remove();
    this.studio.onLeave(this, begun);
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
    const source = url ?? `data:image/${output_format};base64,${b64_json}`;
    const [width, height] = size.split("x");
    const picture = this.#part("picture");
    picture.width = Number(width);
    picture.height = Number(height);
    picture.alt = this.request.prompt.slice(0, 200);
    picture.src = source;
    picture.addEventListener("load", () => this.#part("glimpse").remove(), { once: true });
    this.element.querySelector(".tile__frame").style.aspectRatio = `${width} / ${height}`;
    const link = this.#part("link");
    link.href = image_id ? `${this.studio.galleryUrl}${image_id}` : source;
    link.hidden = false;
    const download = this.#part("download");
    download.href = source;
    download.download = `${image_id ?? "picture"}.${output_format === "jpeg" ? "jpg" : output_format}`;
    download.hidden = false;
    const edit = this.#part("edit");
    edit.dataset.edit = source;
    edit.hidden = false;
    this.#part("sample").hidden = !model.startsWith("sample");
    this.#part("cancel").remove();
    this.#show("done");
  }

  #fail({ code, message, retryAfter }) {
    const limited = code === "rate_limit_exceeded" && retryAfter;
    const name = limited ? "rate_limit_seconds" : hasText(code) ? code : "failed";
    const reason = text(name, { seconds: retryAfter });
    this.#part("reason").textContent = reason;
    const detail = this.#part("detail");
    detail.textContent = message;
    detail.hidden = !message || message === reason;
    this.#show("failed");
    this.#controller = null;
  }

  #show(state) {
    this.element.dataset.state = state;
    this.#part("status").hidden = state === "done" || state === "failed";
    this.#part("error").hidden = state !== "failed";
    this.#part("progress").removeAttribute("value");
  }
}

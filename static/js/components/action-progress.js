/** <action-progress>: how far a long action is, and a button that stops it. */
import { formatCount } from "../lib/format.js";
import { bringForward } from "../page/elements.js";

const PATIENCE = 400; // milliseconds: shorter actions show nothing

class ActionProgress extends HTMLElement {
  /**
   * Calls `work({onProgress, signal})` and shows `label` while it takes long.
   *
   * The page warns before it is left meanwhile.
   */
  async run(label, work) {
    const stopper = new AbortController();
    const bar = this.querySelector("progress");
    const stop = this.querySelector("button");
    bar.removeAttribute("value");
    const words = this.querySelector("[data-label]");
    words.textContent = label;
    const onStop = () => stopper.abort();
    stop.addEventListener("click", onStop);
    addEventListener("beforeunload", warn);
    const timer = setTimeout(() => {
      bringForward(this);
      this.hidden = false;
    }, PATIENCE);
    try {
      return await work({
        signal: stopper.signal,
        onProgress: (done, all) => {
          bar.max = all;
          bar.value = done;
          if (all > 1) words.textContent = `${label} ${formatCount(done)} / ${formatCount(all)}`;
        },
      });
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("click", onStop);
      removeEventListener("beforeunload", warn);
      this.hidden = true;
    }
  }
}

function warn(event) {
  event.preventDefault();
}

customElements.define("action-progress", ActionProgress);

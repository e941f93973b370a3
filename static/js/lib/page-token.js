/** The token with which this page speaks to the gateway; asked for anew when it grows old. */
import { GenerationError } from "./generation.js";

const EARLY = 30; // seconds before its end

export class PageToken {
  #url;
  #csrf;
  #asked = null;

  constructor(url, csrf) {
    this.#url = url;
    this.#csrf = csrf;
  }

  /** A token that is still good; many callers at once share one request. */
  async get() {
    this.#asked ??= this.#ask();
    const asked = this.#asked;
    try {
      const { token, until } = await asked;
      if (Date.now() < until) return token;
    } catch (error) {
      if (this.#asked === asked) this.forget();
      throw error;
    }
    if (this.#asked === asked) this.forget();
    return this.get();
  }

  forget() {
    this.#asked = null;
  }

  async #ask() {
    const response = await fetch(this.#url, {
      method: "POST",
      redirect: "manual",
      headers: { "X-CSRFToken": this.#csrf },
    }).catch((error) => {
      throw new GenerationError("offline", error.message);
    });
    if (!response.ok) throw new GenerationError("signed_out", "", { status: response.status });
    const { token, expires_in } = await response.json();
    return { token, until: Date.now() + (expires_in - EARLY) * 1000 };
  }
}

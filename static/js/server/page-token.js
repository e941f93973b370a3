/** The token with which this page speaks to the gateway; asked for anew when it grows old. */
import { GenerationError, refusal } from "../lib/generation.js";
import { csrfToken } from "./csrf.js";

const EARLY = 30; // seconds before its end

export class PageToken {
  #url;
  #asked = null;

  constructor(url) {
    this.#url = url;
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
      headers: { "X-CSRFToken": csrfToken() },
    }).catch((error) => {
      throw new GenerationError("offline", error.message);
    });
    if (!response.ok) {
      const error = await refusal(response);
      throw error.isAway ? error : new GenerationError("signed_out", "", { status: error.status });
    }
    const { token, expires_in } = await response.json();
    return { token, until: Date.now() + (expires_in - EARLY) * 1000 };
  }
}

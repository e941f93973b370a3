/** What this browser remembers of the Imagine page: prompts, choices, how long pictures take. */

const PROMPTS = 50;
const DURATIONS = 12;
const DISMISSED = 200;

/** @param {Storage} storage */
export class Remembered {
  #storage;

  constructor(storage) {
    this.#storage = storage;
  }

  /** Prompts, the latest first, each once. */
  get prompts() {
    return this.#read("prompts", []);
  }

  addPrompt(prompt) {
    const others = this.prompts.filter((one) => one !== prompt);
    this.#write("prompts", [prompt, ...others].slice(0, PROMPTS));
  }

  /** The form's values by name. */
  get choices() {
    return this.#read("choices", {});
  }

  set choices(values) {
    this.#write("choices", values);
  }

  /** Whether the choices that few need are shown. */
  get isUnfolded() {
    return this.#read("unfolded", false);
  }

  set isUnfolded(value) {
    this.#write("unfolded", value);
  }

  /** Addresses of failed tasks that were tried again or taken away: nobody need be told of them. */
  get dismissed() {
    return this.#read("dismissed", []);
  }

  dismiss(address) {
    this.#write("dismissed", [address, ...this.dismissed].slice(0, DISMISSED));
  }

  /** Milliseconds that a picture of this provider usually takes; 0 where it is not known. */
  usualDuration(provider) {
    const durations = this.#read(`durations.${provider}`, []).toSorted((a, b) => a - b);
    return durations[Math.floor(durations.length / 2)] ?? 0;
  }

  addDuration(provider, milliseconds) {
    const durations = this.#read(`durations.${provider}`, []);
    this.#write(`durations.${provider}`, [milliseconds, ...durations].slice(0, DURATIONS));
  }

  #read(name, otherwise) {
    try {
      return JSON.parse(this.#storage.getItem(`imagine.${name}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  #write(name, value) {
    try {
      this.#storage.setItem(`imagine.${name}`, JSON.stringify(value));
    } catch {
      // The storage is full or forbidden: then the page works without a memory.
    }
  }
}

/** How much of a picture is likely done: fast at first, never quite whole. */
export function likelyProgress(elapsed, usual) {
  return usual ? Math.min(0.97, 1 - Math.exp((-1.6 * elapsed) / usual)) : undefined;
}

/** Earlier prompts that hold the words of `typed`, at most five; none while little is typed. */
export function matchingPrompts(prompts, typed) {
  const words = typed.trim().toLowerCase().split(/\s+/);
  if (words.join("").length < 2) return [];
  return prompts
    .filter((prompt) => prompt !== typed.trim())
    .filter((prompt) => words.every((word) => prompt.toLowerCase().includes(word)))
    .slice(0, 5);
}

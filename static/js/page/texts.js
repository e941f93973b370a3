/** Sentences that scripts say. The server has put them into <template id="texts">, translated. */
import { fill } from "../lib/format.js";

/** Whether the page has a sentence of this name. */
export function hasText(name) {
  return find(name) !== null;
}

/** Whether the sentence says all that the API's own does, which is English. */
export function isWhole(name) {
  return find(name)?.dataset.whole !== undefined;
}

function find(name) {
  const { content } = document.getElementById("texts");
  return content.querySelector(`[data-name="${CSS.escape(name)}"]`);
}

/** The sentence `name`, for `values.count` things where it has two forms. */
export function text(name, values = {}) {
  const entry = find(name);
  if (entry === null) throw new Error(`There is no text “${name}”.`);
  const sentence = values.count === 1 && entry.dataset.one ? entry.dataset.one : entry.textContent;
  return fill(sentence.trim(), values);
}

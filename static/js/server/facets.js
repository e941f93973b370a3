/** How many pictures each choice of the filters would show: asked for once for each list. */
import { changed } from "../lib/address.js";
import { api, send } from "./requests.js";

let known = { query: null, answer: null };

document.addEventListener("library-changed", () => {
  known = { query: null, answer: null };
});

/** Promise of `{models, aspect_ratios, tags, months}`, lists of `{name, count}`. */
export function facets() {
  const section = document.querySelector("#gallery").dataset.section;
  const trash = section === "trash" ? "only" : null;
  const query = changed(document.querySelector("gallery-page").filters, { trash });
  if (known.query !== query) {
    const answer = send(api("facets/") + query, { method: "GET" });
    known = { query, answer };
    answer.catch(() => {
      if (known.answer === answer) known = { query: null, answer: null };
    });
  }
  return known.answer;
}

/** What parts of the page tell one another, as events that whoever is concerned listens to. */

/** Ask the page's <toast-stack> to say something; see there. */
export function toast(from, detail) {
  from.dispatchEvent(new CustomEvent("toast", { bubbles: true, detail }));
}

/**
 * Pictures of the library have changed: lists, cards and selections take notice.
 * @param {{gone?: number[], refreshDetail?: boolean}} [detail] ids that are not there any more;
 *     whether the picture in front is to be fetched anew
 */
export function announce(detail = {}) {
  tell("library-changed", detail);
}

/** Any other: "address-changed", "results-changed", "image-shown", "favorite-changed", … */
export function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

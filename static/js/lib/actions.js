/** What can be done with pictures, from anywhere on the page: done, then told as it was. */
import { inChunks } from "./chunks.js";
import { toast } from "./elements.js";
import { changeImages } from "./requests.js";
import { text } from "./texts.js";

const STEP = 250;
const UNDO_SECONDS = 10;

/**
 * Ask how to delete `count` pictures; `null` when they are to stay.
 *
 * @returns {Promise<"trash" | "forever" | null>}
 */
export function askHowToDelete(count) {
  return document.querySelector("confirm-dialog").ask(count);
}

/** Ask whether all the `count` pictures in the trash are to go. */
export async function askToEmptyTrash(count) {
  const how = await document.querySelector("confirm-dialog").ask(count, "empty-title");
  return how === "forever";
}

/** Delete in the way that was chosen; answers what `inChunks` answers. */
export async function deleteImages(ids, how) {
  if (how === "trash") {
    const result = await run("images/trash/", ids, {}, "trashing");
    return tell(result, "trashed", { gone: true, undo: () => restoreImages(result.ids) });
  }
  return tell(await run("images/delete/", ids, {}, "deleting"), "deleted", { gone: true });
}

export async function restoreImages(ids) {
  return tell(await run("images/restore/", ids, {}, "restoring"), "restored", { gone: true });
}

export async function markFavorite(ids, favorite) {
  const result = await run("images/favorite/", ids, { favorite }, "changing");
  return tell(result, favorite ? "favorites" : "no-favorites", {
    undo: () => markFavorite(result.ids, !favorite),
  });
}

export async function markSensitive(ids, nsfw) {
  const result = await run("images/nsfw/", ids, { nsfw }, "changing");
  return tell(result, nsfw ? "sensitive" : "not-sensitive");
}

/** `add` and `remove` are lists of names. */
export async function changeTags(ids, { add, remove }) {
  return tell(await run("images/tags/", ids, { add, remove }, "changing"), "tagged");
}

/** Pictures of the library have changed: lists, cards and selections take notice. */
export function announce(detail = {}) {
  document.dispatchEvent(new CustomEvent("library-changed", { detail }));
}

function run(path, ids, values, label) {
  const act = (chunk) => changeImages(path, { image_ids: chunk, ...values });
  return document
    .querySelector("action-progress")
    .run(text(label, { count: ids.length }), (options) =>
      inChunks(ids, { size: STEP, act, ...options }),
    );
}

/** Say what was done and what was not; nothing is said to have worked that has not. */
function tell(result, name, { gone = false, undo } = {}) {
  const sentences = result.done > 0 ? [text(name, { count: result.done })] : [];
  if (result.failed.length > 0) {
    const reasons = new Set(result.failed.map(({ reason }) => reasonText(reason)));
    sentences.push(
      text("some-failed", { count: result.failed.length, reasons: [...reasons].join(", ") }),
    );
  }
  if (result.stopped) sentences.push(text("stopped"));
  if (result.error) sentences.push(result.error.message);
  const whole = !result.error && result.failed.length === 0;
  toast(document, {
    text: sentences.join(" "),
    error: !whole,
    seconds: undo ? UNDO_SECONDS : undefined,
    action: undo && result.done > 0 ? { label: text("undo"), run: undo } : undefined,
  });
  if (result.ids.length > 0) announce(gone ? { gone: result.ids } : { changed: result.ids });
  return result;
}

function reasonText(reason) {
  return reason === "not found" ? text("not-found") : reason;
}

/**
 * The one way in which scripts change pictures: the server does it, this tab remembers it, and
 * whoever has done it can take it back.
 */
import { toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import { api, exchange } from "../server/requests.js";
import { remember, undo } from "./undo.js";

const UNDO_SECONDS = 10;

/** As `exchange`, for what changes pictures: from then on it can be undone. */
export async function makeChange(url, options) {
  const done = await exchange(url, options);
  remember(done.change);
  return done;
}

/**
 * What an action of the API ("trash", "favorite", …) has done to these pictures, as `inChunks`
 * wants it, and `change`: the number by which it can be undone, once all its steps are done and
 * it is remembered.
 */
export async function changeImages(action, ids, values = {}) {
  const json = { image_ids: ids, ...values };
  const { answer, change } = await exchange(api(`images/${action}/`), { json });
  const { failed, ...counts } = answer;
  return { done: Object.values(counts)[0], failed, change };
}

/** As `changeImages`, for one: an error where it is not there. */
export async function changeImage(action, id, values) {
  const { failed, change } = await changeImages(action, [id], values);
  remember(change);
  if (failed.length > 0) throw new Error(text("not-found"));
}

/** Say what was done, with a way back where there is one. */
export function tellChange(sentence, change, { error = false } = {}) {
  toast(document, {
    text: sentence,
    error,
    seconds: change ? UNDO_SECONDS : undefined,
    action: wayBack(change),
  });
}

/** The action of a toast that undoes the change with this number, if there is one. */
export function wayBack(change) {
  return change && { label: text("undo"), run: () => undo(change) };
}

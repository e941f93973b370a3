/** What can be done with pictures, from anywhere on the page: done, then told as it was. */
import { inChunks } from "../lib/chunks.js";
import { announce } from "../page/signals.js";
import { text } from "../page/texts.js";
import { changeImages, tellChange } from "./changes.js";
import { remember } from "./undo.js";

const STEP = 250; // pictures of one request
const MOST_STEPS = 400; // of very many pictures the steps are larger instead
const NOTHING = { done: 0, failed: [], ids: [], error: null, stopped: false };

/**
 * Pictures that are on their way out of the list, and those that have gone since it was drawn: a
 * second press has nothing to do with them.
 */
const leaving = new Set();
const left = new Set();
document.addEventListener("results-changed", () => left.clear());

/**
 * Ask how to delete `count` pictures; `null` when they are to stay.
 *
 * @param {{hidden?: number, address?: string}} [sight] how many of them are not on the page, and
 *     where all can be seen
 * @returns {Promise<"trash" | "forever" | null>}
 */
export function askHowToDelete(count, sight) {
  return document.querySelector("confirm-dialog").ask(count, "delete-title", sight);
}

/** Ask whether all the `count` pictures in the trash are to go. */
export async function askToEmptyTrash(count) {
  const how = await document.querySelector("confirm-dialog").ask(count, "empty-title");
  return how === "forever";
}

/** Delete in the way that was chosen; answers what `inChunks` answers. */
export function deleteImages(ids, how) {
  return how === "trash"
    ? takeAway("trash", ids, "trashing", "trashed")
    : takeAway("delete", ids, "deleting", "deleted");
}

export function restoreImages(ids) {
  return takeAway("restore", ids, "restoring", "restored");
}

export async function markFavorite(ids, favorite) {
  const result = await run("favorite", ids, { favorite }, "changing");
  return tell(result, favorite ? "favorites" : "no-favorites");
}

export async function markSensitive(ids, nsfw) {
  const result = await run("nsfw", ids, { nsfw }, "changing");
  return tell(result, nsfw ? "sensitive" : "not-sensitive");
}

/** `add` and `remove` are lists of names. */
export async function changeTags(ids, { add, remove }) {
  return tell(await run("tags", ids, { add, remove }, "changing"), "tagged");
}

async function takeAway(action, ids, label, name) {
  const there = ids.filter((id) => !leaving.has(id) && !left.has(id));
  if (there.length === 0) return NOTHING;
  for (const id of there) leaving.add(id);
  try {
    const result = await run(action, there, {}, label);
    for (const id of result.ids) left.add(id);
    return tell(result, name, { gone: true });
  } finally {
    for (const id of there) leaving.delete(id);
  }
}

/** All steps are one change: its number, by which it is undone, is that of the first. */
async function run(action, ids, values, label) {
  let change;
  const act = async (chunk) => {
    const going = change ? { change } : {};
    const done = await changeImages(action, chunk, { ...values, ...going });
    change ??= done.change;
    return done;
  };
  const size = Math.max(STEP, Math.ceil(ids.length / MOST_STEPS));
  const result = await document
    .querySelector("action-progress")
    .run(text(label, { count: ids.length }), (options) => inChunks(ids, { size, act, ...options }));
  remember(change);
  return { ...result, change };
}

/** Say what was done and what was not; nothing is said to have worked that has not. */
function tell(result, name, { gone = false } = {}) {
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
  tellChange(sentences.join(" "), result.change, { error: !whole });
  // The step whose answer was lost may have been done.
  if (result.ids.length > 0 || result.error) {
    announce(gone ? { gone: result.ids } : {});
  }
  return result;
}

function reasonText(reason) {
  return reason === "not found" ? text("not-found") : reason;
}

/**
 * What was done in this tab, in order of time, to be undone and redone, also after a reload: changes
 * of pictures exactly, by their number in the server's record; and selections that were cleared,
 * as `{at, section, selection}`. Each change is told when it is undone, with a way back.
 */
import { own } from "../page/own.js";
import { announce, toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import { api, send } from "../server/requests.js";

const STEP = 1000; // pictures, about, that one request puts back
const MOST = 100;
const BEYOND_UNDO = [404, 409]; // it has been undone already, or is too old

let isRunning = false;

/** `{done, undone}`: the last one at the end. */
function known() {
  const kept = sessionStorage.getItem(own("changes"));
  try {
    const { done, undone } = JSON.parse(kept);
    return { done: [...done], undone: [...undone] };
  } catch {
    return { done: [], undone: [] };
  }
}

function keep({ done, undone }) {
  const name = own("changes");
  for (let most = MOST; most > 0; most >>= 1) {
    try {
      const kept = { done: done.slice(-most), undone: undone.slice(-most) };
      sessionStorage.setItem(name, JSON.stringify(kept));
      return;
    } catch {
      // The storage is full: the oldest go.
    }
  }
}

/** This was done just now; what was undone before cannot be redone by key any more. */
export function remember(entry) {
  if (entry) keep({ done: [...known().done.filter(not(entry)), entry], undone: [] });
}

/** This selection, as text, is being cleared; answers what `undo` takes. */
export function rememberCleared(section, selection) {
  const entry = { at: Date.now(), section, selection };
  remember(entry);
  return entry;
}

/** Take it back; offers to do it again. */
export function undo(entry) {
  return takeBack(entry, "done", "undone");
}

/** Do again what was undone: `entry` is that of the undo. */
export function redo(entry) {
  return takeBack(entry, "undone", "done");
}

/** By key: what was done last in this tab. False where there is nothing. */
export function undoLast() {
  return takeLast("done", undo);
}

export function redoLast() {
  return takeLast("undone", redo);
}

function takeLast(from, act) {
  const { section } = bar().dataset;
  const last = known()[from].findLast((one) => !one.at || one.section === section);
  if (last) act(last);
  return Boolean(last);
}

/** One at a time: what is asked meanwhile is nothing new, the same key once more. */
async function takeBack(entry, from, to) {
  if (isRunning) return;
  isRunning = true;
  try {
    if (entry.at) exchange(entry, from, to);
    else await takeChangeBack(entry, from, to);
  } finally {
    isRunning = false;
  }
}

/** What is selected now is the way back. */
function exchange(entry, from, to) {
  const kept = known()[from].find((one) => one.at === entry.at);
  if (kept) move(entry, from, to, { ...kept, selection: bar().exchange(kept.selection) });
}

async function takeChangeBack(change, from, to) {
  const result = await document
    .querySelector("action-progress")
    .run(text("undoing"), ({ signal }) => inSteps(change, signal));
  // Where a part is left, it can be gone on with.
  const isOver = result.finished || BEYOND_UNDO.includes(result.error?.status);
  move(change, from, to, result.change, !isOver);
  if (from === "done") {
    tell(result, "undone-pictures", { label: text("redo"), run: () => redo(result.change) });
  } else {
    tell(result, "redone-pictures", { label: text("undo"), run: () => undo(result.change) });
  }
}

function move(entry, from, to, way, stays = false) {
  const all = known();
  if (!stays) all[from] = all[from].filter(not(entry));
  if (way) all[to].push(way);
  keep(all);
}

/** Stops at the first step that fails: what came before it is done, and is told. */
async function inSteps(change, signal) {
  const result = { done: 0, failed: [], change: null, error: null, finished: false };
  while (!result.finished && !result.error && !signal.aborted) {
    try {
      const step = await send(api(`changes/${change}/undo/`), {
        json: { limit: STEP, ...(result.change ? { change: result.change } : {}) },
      });
      result.done += step.undone;
      result.failed.push(...step.failed);
      result.change ??= step.change;
      result.finished = step.finished;
    } catch (error) {
      result.error = error;
    }
  }
  return result;
}

function tell({ done, failed, change, error, finished }, name, action) {
  const isQuiet = failed.length > 0 || error || !finished;
  const sentences = done > 0 || !isQuiet ? [text(name, { count: done })] : [];
  if (failed.length > 0) sentences.push(text("changed-since", { count: failed.length }));
  if (error) sentences.push(error.message);
  else if (!finished) sentences.push(text("stopped"));
  toast(document, {
    text: sentences.join(" "),
    error: failed.length > 0 || Boolean(error),
    seconds: 10,
    action: change ? action : undefined,
  });
  announce({ refreshDetail: true });
}

function bar() {
  return document.querySelector("selection-bar");
}

function not(entry) {
  return (one) => (entry.at ? one.at !== entry.at : one !== entry);
}

/**
 * What the person has chosen about the keyboard: `{single_keys, ask_to_trash}`. The server keeps
 * it; this browser remembers what it heard last, so that a key need not wait.
 */
import { own } from "../page/own.js";
import { send } from "./requests.js";

const place = () => document.querySelector("gallery-keys").dataset;

/** What was heard last, by whoever is logged in; null where nothing was. */
export function lastHeard() {
  const name = own("keys");
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

/** Ask the server; what was heard last, or how it is usually, where it does not answer. */
export async function hear() {
  try {
    return keep(await send(place().url, { method: "GET" }));
  } catch {
    return lastHeard() ?? { single_keys: true, ask_to_trash: false };
  }
}

/** @throws {RequestFailed} */
export async function choose(name, value) {
  const form = new FormData();
  form.set(name, String(value));
  return keep(await send(place().url, { form }));
}

function keep(chosen) {
  const name = own("keys");
  try {
    localStorage.setItem(name, JSON.stringify(chosen));
  } catch {
    // The storage is full or forbidden: then each page asks.
  }
  return chosen;
}

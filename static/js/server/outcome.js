/** What was asked for a picture beside what came, as the server tells it. */
import { parse } from "../page/elements.js";
import { exchange } from "./requests.js";

const PAUSES = [0, 1000, 3000, 9000]; // milliseconds: its cost may be known after the picture

/** The element that says it; null where the server does not. */
export async function outcomeOf(url) {
  for (const pause of PAUSES) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      const { status, answer } = await exchange(url, { method: "GET" });
      if (status === 200) {
        return parse(answer).firstElementChild;
      }
    } catch {
      return null;
    }
  }
  return null;
}

/** Add what a list leaves out, once somebody opens it: what the model made of the prompt. */
export async function complete(outcome) {
  const { rest } = outcome.dataset;
  if (!rest) return;
  delete outcome.dataset.rest;
  const prompt = (await outcomeOf(rest))?.querySelector(".outcome__prompt");
  if (prompt) outcome.append(prompt);
}

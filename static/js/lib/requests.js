/** Talking to the server. What goes wrong becomes a sentence that can be shown. */
import { text } from "./texts.js";

export class RequestFailed extends Error {
  name = "RequestFailed";
}

/** Where the REST API answers: `api("images/trash/")`. */
export function api(path) {
  return document.querySelector("gallery-page").dataset.api + path;
}

/** What an action does to pictures of the REST API, as `inChunks` wants it. */
export async function changeImages(path, values) {
  const { failed, ...counts } = await send(api(path), { json: values });
  return { done: Object.values(counts)[0], failed };
}

/**
 * Sends `json` or a FormData `form`; answers what the server has said, parsed if it is JSON.
 *
 * @throws {RequestFailed} with a sentence for people
 */
export async function send(url, { method = "POST", json, form, headers = {}, signal } = {}) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  let response;
  try {
    response = await fetch(url, {
      method,
      signal,
      body: json === undefined ? form : JSON.stringify(json),
      headers: {
        Accept: "application/json",
        "X-CSRFToken": token,
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new RequestFailed(text("unreachable"));
  }
  if (response.redirected && new URL(response.url).pathname.includes("/login")) {
    throw new RequestFailed(text("logged-out"));
  }
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const answer =
    response.status === 204 ? null : await (isJson ? response.json() : response.text());
  if (response.ok) return answer;
  throw new RequestFailed(reason(answer, response.status, isJson));
}

function reason(answer, status, isJson) {
  if (status === 401 || status === 403) return text("logged-out");
  if (!isJson) return status < 500 && answer.length < 300 ? answer : text("failed", { status });
  return firstSentence(answer) ?? text("failed", { status });
}

/** The first text in an error of the REST API: `{"tags": ["Too long."]}`, `{"detail": "…"}`. */
function firstSentence(answer) {
  if (typeof answer === "string") return answer;
  if (answer === null || typeof answer !== "object") return undefined;
  for (const value of Object.values(answer)) {
    const sentence = firstSentence(value);
    if (sentence) return sentence;
  }
  return undefined;
}

/** Talking to the server. What goes wrong becomes a sentence that can be shown. */
import { text } from "../page/texts.js";
import { csrfToken } from "./csrf.js";

export class RequestFailed extends Error {
  name = "RequestFailed";

  /** @param {number} [status] of the answer; none where there was none */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Where the REST API answers: `api("images/trash/")`. */
export function api(path) {
  return document.querySelector("[data-api]").dataset.api + path;
}

/**
 * Sends `json` or a FormData `form`; answers what the server has said, parsed if it is JSON.
 *
 * @throws {RequestFailed} with a sentence for people
 */
export async function send(url, options) {
  return (await exchange(url, options)).answer;
}

/** As `send`; answers `{status, answer, change}`: the number of what was changed, if anything was. */
export async function exchange(url, { method = "POST", json, form, headers = {}, signal } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method,
      signal,
      body: json === undefined ? form : JSON.stringify(json),
      headers: {
        Accept: "application/json",
        "X-CSRFToken": csrfToken(),
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
  const { status } = response;
  const change = Number(response.headers.get("X-Change")) || undefined;
  if (response.ok) return { status, answer, change };
  throw new RequestFailed(reason(answer, status, isJson), status);
}

function reason(answer, status, isJson) {
  if (status === 401) return text("logged-out");
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

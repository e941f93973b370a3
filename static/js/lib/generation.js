/** Asking the gateway for one picture. */
import { readEvents } from "./server-sent-events.js";

/** Why there is no picture: `code` names it, `retryAfter` is in seconds. */
export class GenerationError extends Error {
  constructor(code, message = "", { status = 0, retryAfter = 0 } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * The fields of the finished picture: `url`, `image_id`, `model`, `size`.
 * @param {object} request prompt, aspect_ratio, model; images where some are to be edited
 * @param {object} options url, editsUrl, token (a PageToken), signal, onGlimpse (of a data: link)
 * @throws {GenerationError} and AbortError where `signal` was used
 */
export async function generate(request, { url, editsUrl, token, signal, onGlimpse }) {
  const body = JSON.stringify({
    ...request,
    n: 1,
    stream: true,
    partial_images: 2,
    response_format: "url",
  });
  const address = request.images ? editsUrl : url;
  let response = await post(address, body, await token.get(), signal);
  if (response.status === 401) {
    // The token has grown old; nothing was begun with it.
    token.forget();
    response = await post(address, body, await token.get(), signal);
  }
  if (!response.ok) throw await refusal(response);
  try {
    for await (const { event, data } of readEvents(response.body)) {
      const fields = JSON.parse(data);
      if (fields.error) throw failure(fields.error);
      if (event.endsWith(".completed")) return fields;
      if (event.endsWith(".partial_image")) {
        onGlimpse(`data:image/${fields.output_format};base64,${fields.b64_json}`);
      }
    }
  } catch (error) {
    if (error instanceof GenerationError || error.name === "AbortError") throw error;
    throw new GenerationError("offline", error.message);
  }
  throw new GenerationError("failed");
}

async function post(url, body, token, signal) {
  try {
    return await fetch(url, {
      method: "POST",
      body,
      signal,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new GenerationError("offline", error.message);
  }
}

async function refusal(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const content = await response.json().catch(() => ({}));
  return failure(content.error ?? {}, { status: response.status, retryAfter });
}

function failure({ code, message }, facts) {
  return new GenerationError(code ?? "failed", message, facts);
}

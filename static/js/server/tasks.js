/** The gateway's tasks: asked for, followed, cancelled. The server has them, whatever this page does. */
import { failure, GenerationError, refusal } from "../lib/generation.js";
import { readEvents } from "../lib/server-sent-events.js";

/** By which the server knows what is sent again after its answer was lost. */
export function newKey() {
  // Not randomUUID: plain HTTP does not have it.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The tasks that the server has taken, in their order: `{task_id, poll_url, started_at}`. Sent
 * again with the same key they are the same tasks.
 * @param {object} request prompt, aspect_ratio, model; images where some are to be edited
 * @param {object} gateway url, editsUrl, token (a PageToken)
 * @throws {GenerationError}
 */
export async function submitTasks(request, count, key, gateway) {
  const body = JSON.stringify({
    ...request,
    async: true,
    tasks: count,
    partial_images: 2,
    response_format: "url",
  });
  const url = request.images ? gateway.editsUrl : gateway.url;
  const response = await ask(gateway.token, url, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
  });
  if (!response.ok) throw await refusal(response);
  const answer = await response.json().catch((error) => {
    throw new GenerationError("offline", error.message);
  });
  return answer.data ?? [answer];
}

/**
 * The fields of a task's finished picture: `url`, `image_id`, `model`, `size`.
 * @param {object} options token, signal, onStarted(milliseconds ago), onGlimpse(of a data: link)
 * @throws {GenerationError} and AbortError where `signal` was used
 */
export async function followTask(task, { token, signal, onStarted, onGlimpse }) {
  const headers = { Accept: "text/event-stream" };
  const response = await ask(token, task.poll_url, { signal, headers });
  if (!response.ok) throw await refusal(response);
  try {
    for await (const { event, data } of readEvents(response.body)) {
      const fields = JSON.parse(data);
      if (fields.error) throw failure(fields.error);
      if (event === "task.started") onStarted(fields.seconds * 1000);
      if (event.endsWith(".completed")) return fields;
      if (event.endsWith(".partial_image")) {
        onGlimpse(`data:image/${fields.output_format};base64,${fields.b64_json}`);
      }
    }
  } catch (error) {
    if (error instanceof GenerationError || error.name === "AbortError") throw error;
    throw new GenerationError("offline", error.message);
  }
  throw new GenerationError("offline");
}

/** Take a task out of the queue; whether it is known that it still waited. */
export async function cancelTask(task, { token }) {
  try {
    const response = await ask(token, task.poll_url, { method: "DELETE" });
    return response.ok;
  } catch (error) {
    if (!(error instanceof GenerationError)) throw error;
    return false;
  }
}

async function ask(token, url, options) {
  let response = await send(await token.get(), url, options);
  if (response.status === 401) {
    // The token has grown old; nothing was begun with it.
    token.forget();
    response = await send(await token.get(), url, options);
  }
  return response;
}

async function send(token, url, { headers, ...options }) {
  try {
    return await fetch(url, {
      ...options,
      headers: { ...headers, Authorization: `Bearer ${token}` },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new GenerationError("offline", error.message);
  }
}

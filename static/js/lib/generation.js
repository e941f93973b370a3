/** Why the gateway gave no picture. */

/** `code` names it, `retryAfter` is in seconds. */
export class GenerationError extends Error {
  constructor(code, message = "", { status = 0, retryAfter = 0 } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether the server did not come to answer: what it has taken, it keeps. */
  get isAway() {
    return ["offline", "stopping", "too_many_streams"].includes(this.code);
  }
}

/**
 * The error that an answer with an error's status holds. One that is not the gateway's own is a
 * proxy's: of a server that restarts, or of a limit in front of it.
 */
export async function refusal(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const facts = { status: response.status, retryAfter };
  const content = await response.json().catch(() => null);
  if (!content?.error && (facts.status >= 500 || facts.status === 429)) {
    return new GenerationError("offline", "", facts);
  }
  return failure(content?.error ?? {}, facts);
}

/** The error of an OpenAI-like `{code, message}`. */
export function failure({ code, message }, facts) {
  return new GenerationError(code ?? "failed", message, facts);
}

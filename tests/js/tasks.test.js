import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { GenerationError } from "../../static/js/lib/generation.js";
import { PageToken } from "../../static/js/server/page-token.js";
import { cancelTask, followTask, newKey, submitTasks } from "../../static/js/server/tasks.js";

const token = { get: async () => "t", forget() {} };
const task = { poll_url: "/v1/images/tasks/1" };
const { fetch } = globalThis;

afterEach(() => {
  globalThis.fetch = fetch;
  delete globalThis.document;
});

/** From now on the server answers with these, one after the other; what it was asked. */
function answers(...replies) {
  const asked = [];
  globalThis.fetch = async (url, options) => {
    asked.push({ url, ...options });
    const reply = replies.shift();
    if (reply instanceof Error) throw reply;
    return new Response(...reply);
  };
  return asked;
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof GenerationError, error);
    return [error.code, error.isAway];
  }
  return null;
}

const page = (status) => ["<html>Bad Gateway</html>", { status }];
const refused = (status, code) => [JSON.stringify({ error: { code } }), { status }];

test("a proxy that has no server behind it is no failure of the task", async () => {
  for (const status of [429, 500, 502, 503, 504]) {
    answers(page(status));
    assert.deepEqual(await failure(followTask(task, { token })), ["offline", true]);
  }
  answers(refused(503, "stopping"));
  assert.deepEqual(await failure(followTask(task, { token })), ["stopping", true]);
  answers(["null", { status: 502 }]);
  assert.deepEqual(await failure(followTask(task, { token })), ["offline", true]);
});

test("what the gateway itself says of a task is its end", async () => {
  for (const [status, code] of [
    [429, "rate_limit_exceeded"],
    [424, "interrupted"],
    [500, "internal_error"],
    [502, "upstream_failed"],
  ]) {
    answers(refused(status, code));
    assert.deepEqual(await failure(followTask(task, { token })), [code, false]);
  }
  answers(page(413));
  assert.deepEqual(await failure(followTask(task, { token })), ["failed", false]);
});

test("a page token that a proxy cannot fetch is no end of the session", async () => {
  globalThis.document = { cookie: "", querySelector: () => ({ value: "", content: "" }) };
  answers(page(502), page(403));
  const mine = new PageToken("/token");
  assert.deepEqual(await failure(mine.get()), ["offline", true]);
  assert.deepEqual(await failure(mine.get()), ["signed_out", false]);
});

test("what is sent again has the same key and body", async () => {
  const taken = [JSON.stringify({ data: [task, task] }), { status: 202 }];
  const asked = answers(new TypeError("lost"), ["{", { status: 202 }], taken);
  const key = newKey();
  const submit = () => submitTasks({ prompt: "a fox" }, 2, key, { url: "/v1", token });
  assert.deepEqual(await failure(submit()), ["offline", true]);
  assert.deepEqual(await failure(submit()), ["offline", true]);
  assert.deepEqual(await submit(), [task, task]);
  assert.deepEqual(
    asked.map(({ headers, body }) => [headers["Idempotency-Key"], body]),
    Array(3).fill([key, asked[0].body]),
  );
  assert.notEqual(newKey(), key);
});

test("a task is cancelled only where the server has said so", async () => {
  answers([null, { status: 204 }], refused(409, "task_begun"), new TypeError("lost"));
  const told = [];
  for (let n = 0; n < 3; n++) told.push(await cancelTask(task, { token }));
  assert.deepEqual(told, [true, false, false]);
});

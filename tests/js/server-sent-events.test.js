import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, readEvents } from "../../static/js/lib/server-sent-events.js";

async function read(...chunks) {
  const events = [];
  const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
  for await (const event of readEvents(ReadableStream.from(bytes))) events.push(event);
  return events;
}

test("events are put together from chunks cut anywhere", async () => {
  const text = 'event: a\ndata: {"x": "日落"}\n\n: 3 s\n\nevent: b\r\ndata: 1\r\ndata: 2\r\n\r\n';
  const expected = [
    { event: "a", data: '{"x": "日落"}' },
    { event: "b", data: "1\n2" },
  ];
  assert.deepEqual(await read(text), expected);
  assert.deepEqual(await read(...text), expected);
});

test("what follows the last empty line is no event", async () => {
  assert.deepEqual(await read("data: 1\n\ndata: 2"), [{ event: "message", data: "1" }]);
});

test("a block of comments has no event", () => {
  assert.equal(parse(": 1 s\n: 2 s"), null);
});

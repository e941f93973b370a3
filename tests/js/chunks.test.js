import assert from "node:assert/strict";
import { test } from "node:test";
import { inChunks } from "../../static/js/lib/chunks.js";

const IDS = [1, 2, 3, 4, 5];

test("all is done step by step, and progress is told", async () => {
  const steps = [];
  const progress = [];
  const result = await inChunks(IDS, {
    size: 2,
    act: async (ids) => {
      steps.push(ids);
      return { done: ids.length - 1, failed: [{ id: ids[0], reason: "not found" }] };
    },
    onProgress: (done, all) => progress.push([done, all]),
  });
  assert.deepEqual(steps, [[1, 2], [3, 4], [5]]);
  assert.deepEqual(progress, [
    [2, 5],
    [4, 5],
    [5, 5],
  ]);
  assert.deepEqual(
    [result.done, result.failed.map(({ id }) => id), result.ids, result.error, result.stopped],
    [2, [1, 3, 5], IDS, null, false],
  );
});

test("a step that throws ends it; what was done before is told", async () => {
  const failure = new Error("away");
  const act = async (ids) => {
    if (ids.includes(3)) throw failure;
    return { done: ids.length, failed: [] };
  };
  const result = await inChunks(IDS, { size: 2, act });
  assert.deepEqual([result.done, result.ids, result.error], [2, [1, 2], failure]);
});

test("a stop lets the present step end and begins no other", async () => {
  const stopper = new AbortController();
  const act = async (ids) => {
    stopper.abort();
    return { done: ids.length, failed: [] };
  };
  const result = await inChunks(IDS, { size: 2, act, signal: stopper.signal });
  assert.deepEqual([result.done, result.ids, result.stopped], [2, [1, 2], true]);
});

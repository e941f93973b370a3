import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "../../static/js/lib/selection.js";

const SET = { token: "t", count: 1000, bytes: 5000 };

function state(selection) {
  return [selection.count, selection.bytes];
}

test("single pictures are counted with their bytes", () => {
  const selection = new Selection();
  selection.set(1, 100, true);
  selection.set(2, 50, true);
  selection.set(2, 50, true);
  assert.deepEqual(state(selection), [2, 150]);
  selection.set(1, 100, false);
  assert.deepEqual(state(selection), [1, 50]);
  assert.deepEqual([selection.has(1), selection.has(2), selection.knows(3)], [false, true, true]);
  assert.deepEqual(selection.parts, { image_ids: [2], without: [] });
});

test("ticks of every list count on top of a frozen set, and what is taken out of it", () => {
  const selection = new Selection();
  selection.become(SET);
  assert.deepEqual(
    [selection.knows(3), selection.has(3), selection.isFrozen],
    [false, false, true],
  );
  selection.learn([3, 4, 5], [3, 4]);
  assert.deepEqual([selection.has(3), selection.has(5), selection.knows(5)], [true, false, true]);
  selection.set(3, 200, false);
  selection.set(5, 10, true);
  assert.deepEqual(state(selection), [1000, 4810]);
  assert.deepEqual([selection.has(3), selection.has(4), selection.has(5)], [false, true, true]);
  assert.deepEqual(selection.parts, { selection: "t", image_ids: [5], without: [3] });
  selection.set(3, 200, true);
  selection.set(5, 10, false);
  assert.deepEqual([selection.isFrozen, ...state(selection)], [true, 1000, 5000]);
});

test("once it is frozen, it has what it had", () => {
  const selection = new Selection();
  selection.become(SET);
  selection.learn([3, 4], [3]);
  selection.set(3, 1, false);
  selection.set(4, 1, true);
  selection.rest({ token: "u", count: 1000, bytes: 5000 });
  assert.deepEqual([selection.has(3), selection.has(4), selection.isFrozen], [false, true, true]);
  assert.deepEqual(selection.parts, { selection: "u", image_ids: [], without: [] });
});

test("it is kept as text and comes back", () => {
  const selection = new Selection();
  selection.become(SET, { query: "?model=a", total: 1000 });
  selection.learn([3], [3]);
  selection.set(3, 20, false);
  selection.learn([4], []);
  selection.set(4, 7, true);
  const back = Selection.restore(selection.serialize());
  assert.deepEqual(state(back), [1000, 4987]);
  assert.deepEqual(back.everything, { query: "?model=a", total: 1000 });
  assert.deepEqual(
    [back.has(3), back.has(4), back.knows(3), back.knows(5)],
    [false, true, true, false],
  );
  for (const text of [null, "", "{", "[]", '{"added": 3}', '{"images": [[1, 2]]}']) {
    assert.deepEqual(state(Selection.restore(text)), [0, 0]);
  }
});

test("what was taken out stays out and is not counted twice when it goes and comes back", () => {
  const selection = new Selection();
  selection.become(SET);
  selection.learn([3, 4], [3, 4]);
  selection.set(3, 20, false);
  selection.set(4, 30, false);
  selection.drop([3, 5]);
  selection.recount({ token: "t", count: 998, bytes: 4900 }, [4]);
  const gone = [state(selection), selection.parts];
  selection.recount({ token: "t", count: 1000, bytes: 5000 }, [3, 4]);
  const parts = { selection: "t", image_ids: [], without: [3, 4] };
  assert.deepEqual(
    [gone, state(selection), selection.parts, selection.has(3)],
    [[[997, 4870], parts], [998, 4950], parts, false],
  );
});

test("what is gone is selected no more", () => {
  const selection = new Selection();
  selection.set(1, 10, true);
  selection.set(2, 20, true);
  selection.drop([1, 7]);
  assert.deepEqual(state(selection), [1, 20]);
});

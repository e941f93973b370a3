import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "../../static/js/lib/selection.js";

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
  assert.deepEqual([selection.has(1), selection.has(2)], [false, true]);
});

test("everything that matches, but for what is taken out", () => {
  const selection = new Selection();
  selection.set(9, 1, true);
  selection.selectEverything("?model=a", 1000, 5000);
  assert.deepEqual(state(selection), [1000, 5000]);
  selection.set(3, 200, false);
  assert.deepEqual(state(selection), [999, 4800]);
  assert.deepEqual([selection.has(3, "?model=a"), selection.has(4, "?model=a")], [false, true]);
  assert.equal(selection.has(4, "?model=b"), false);
  selection.set(3, 200, true);
  assert.deepEqual(state(selection), [1000, 5000]);
});

test("it is kept as text and comes back", () => {
  const selection = new Selection();
  selection.selectEverything("?model=a", 10, 100);
  selection.set(3, 20, false);
  const back = Selection.restore(selection.serialize());
  assert.deepEqual(state(back), [9, 80]);
  assert.equal(back.has(3, "?model=a"), false);
  for (const text of [null, "", "{", "[]", '{"images": 3}']) {
    assert.deepEqual(state(Selection.restore(text)), [0, 0]);
  }
});

test("what is gone is selected no more", () => {
  const selection = new Selection();
  selection.set(1, 10, true);
  selection.set(2, 20, true);
  selection.drop([1, 7]);
  assert.deepEqual(state(selection), [1, 20]);
  selection.selectEverything("", 5, 50);
  selection.drop([2]);
  assert.deepEqual(state(selection), [0, 0]);
});

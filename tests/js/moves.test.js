import assert from "node:assert/strict";
import { test } from "node:test";
import { neighbour } from "../../static/js/lib/moves.js";

// Three columns, the last row short: 0 1 2 / 3 4 5 / 6 7
const GRID = [0, 1, 2, 3, 4, 5, 6, 7].map((place) => ({
  left: (place % 3) * 100,
  top: Math.floor(place / 3) * 100,
  width: 90,
}));

test("arrows lead in their direction and stop at the edges", () => {
  const go = (index, key) => neighbour(GRID, index, key);
  assert.deepEqual(
    [go(4, "ArrowUp"), go(4, "ArrowDown"), go(4, "ArrowLeft"), go(4, "ArrowRight")],
    [1, 7, 3, 5],
  );
  assert.deepEqual([go(2, "ArrowRight"), go(3, "ArrowLeft")], [3, 2]);
  assert.deepEqual([go(0, "ArrowLeft"), go(0, "ArrowUp"), go(7, "ArrowRight")], [0, 0, 7]);
  assert.deepEqual([go(5, "ArrowDown"), go(6, "ArrowDown")], [7, 6]);
  assert.deepEqual([go(5, "Home"), go(5, "End")], [0, 7]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { FIT, held, MOST, moveBy, zoomAt } from "../../static/js/lib/zoom.js";

const FRAME = { width: 400, height: 200 };

test("zooming keeps the point under the pointer", () => {
  assert.deepEqual(zoomAt(FIT, 2, { x: 100, y: -50 }, FRAME), { scale: 2, x: -100, y: 50 });
  assert.deepEqual(zoomAt(FIT, 2, { x: 0, y: 0 }, FRAME), { scale: 2, x: 0, y: 0 });
});

test("it never goes below the fit nor above the most", () => {
  assert.deepEqual(zoomAt({ scale: 2, x: 90, y: 40 }, 0.1, { x: 0, y: 0 }, FRAME), FIT);
  assert.equal(zoomAt(FIT, 1000, { x: 0, y: 0 }, FRAME).scale, MOST);
});

test("moving stops where the picture ends", () => {
  const view = { scale: 2, x: 0, y: 0 };
  assert.deepEqual(moveBy(view, 50, -20, FRAME), { scale: 2, x: 50, y: -20 });
  assert.deepEqual(moveBy(view, 5000, -5000, FRAME), { scale: 2, x: 200, y: -100 });
  assert.deepEqual(held({ scale: 1, x: 30, y: 30 }, FRAME), FIT);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, formatBound, formatBytes, formatCount } from "../../static/js/lib/format.js";

test("bytes have the largest unit that fits", () => {
  const sizes = [0, 512, 1023, 1024, 1536, 1024 ** 2, 1024 ** 3 * 2.25, 1024 ** 4, 1024 ** 5];
  assert.deepEqual(sizes.map(formatBytes), [
    "0 B",
    "512 B",
    "1023 B",
    "1.0 KB",
    "1.5 KB",
    "1.0 MB",
    "2.3 GB",
    "1.0 TB",
    "1024.0 TB",
  ]);
});

test("counts are grouped by thousands", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
});

test("an upper bound says that it is one, and nothing is less than none", () => {
  assert.deepEqual(
    [formatBound(1200, true), formatBound(1200, false), formatBound(0, false)],
    ["1,200", "≤ 1,200", "0"],
  );
});

test("sentences are filled; unknown names stay", () => {
  assert.equal(fill("{count} of {all}, {x}", { count: 1200, all: "many" }), "1,200 of many, {x}");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { droppedFiles } from "../../static/js/lib/dropped-files.js";

const file = (name) => ({ name, isFile: true, file: (take) => take({ name }) });

/** A folder that tells two of its entries at a time, as browsers tell a hundred. */
const folder = (name, ...entries) => ({
  name,
  isFile: false,
  createReader() {
    const left = [...entries];
    return { readEntries: (take) => take(left.splice(0, 2)) };
  },
});

const drop = (...entries) => ({
  items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })),
  files: [],
});

const names = async (transfer) => (await droppedFiles(transfer)).map(({ name }) => name);

test("files of folders are found at any depth, hidden ones are left out", async () => {
  const inner = folder("b", file("5.jpg"), file("3.jpg"), file("4.jpg"), file(".DS_Store"));
  const transfer = drop(
    file("1.jpg"),
    folder("a", inner, file("a.jpg")),
    folder(".git", file("x")),
  );
  assert.deepEqual(await names(transfer), ["1.jpg", "a.jpg", "3.jpg", "4.jpg", "5.jpg"]);
});

test("a browser that tells no entries gives its files", async () => {
  assert.deepEqual(await names({ items: [{}], files: [{ name: "1.jpg" }] }), ["1.jpg"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  complete,
  fold,
  lastName,
  splitNames,
  withLastName,
} from "../../static/js/lib/tag-names.js";

test("width and case make no other tag", () => {
  assert.deepEqual(["Ａ", "A", "ﬁ"].map(fold), ["a", "a", "fi"]);
});

test("commas of both kinds, 、 and semicolons separate names", () => {
  assert.deepEqual(splitNames(" 风景，人物、a b, ;c；"), ["风景", "人物", "a b", "c"]);
  assert.deepEqual([lastName("a, b"), lastName("a，"), lastName("x")], ["b", "", "x"]);
});

test("the last name is replaced, the others stay", () => {
  assert.equal(withLastName("风景，人", "人物", { more: true }), "风景， 人物, ");
  assert.equal(withLastName("ca", "cat", { more: false }), "cat");
});

test("beginnings come before parts, most used first; taken ones are not offered", () => {
  const known = ["night", "Midnight", "Nina", "n", "城市", "夜景"].map((name) => ({ name }));
  const offer = (typed, taken) => complete(known, typed, taken).map(({ name }) => name);
  assert.deepEqual(offer("NI", ["nina"]), ["night", "Midnight"]);
  assert.deepEqual(offer("n", []), ["night", "Nina", "Midnight"]);
  assert.deepEqual(offer("", ["n", "night"]), ["Midnight", "Nina", "城市", "夜景"]);
  assert.deepEqual(complete(known, "", [], 2).length, 2);
});

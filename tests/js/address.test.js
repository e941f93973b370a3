import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, filterOf, filterQuery, listQuery } from "../../static/js/lib/address.js";

test("empty values are left out, repeated names stay", () => {
  assert.equal(changed("?search=&model=a&model=&model=b", {}), "?model=a&model=b");
  assert.equal(changed("?search=", {}), "");
});

test("values are set and taken out", () => {
  assert.equal(changed("?page=3&view=list", { page: null, image: 7 }), "?view=list&image=7");
});

test("the list's query knows no picture in front", () => {
  assert.equal(listQuery("?image=7"), "");
  assert.equal(listQuery("?tags=%E7%8C%AB&image=7"), "?tags=%E7%8C%AB");
});

test("the filters' query has none of the other parameters", () => {
  const query = "?view=list&page=2&image=1&model=a&model=b&search=";
  assert.equal(filterQuery(query, ["view", "page", "image"]), "?model=a&model=b");
});

test("a filter is what chooses pictures, as lists", () => {
  assert.deepEqual(filterOf("?model=a&model=b&search=cat"), {
    model: ["a", "b"],
    search: ["cat"],
  });
});

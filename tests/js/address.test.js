import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, filterOf, listQuery } from "../../static/js/lib/address.js";

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

test("a filter is what chooses pictures, as lists", () => {
  const query = "?view=list&page=2&page_size=20&sort_by=file_size&sort_order=asc&image=1";
  assert.deepEqual(filterOf(`${query}&model=a&model=b&search=cat`), {
    model: ["a", "b"],
    search: ["cat"],
  });
});

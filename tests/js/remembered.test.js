import assert from "node:assert/strict";
import { test } from "node:test";

import { likelyProgress, matchingPrompts, Remembered } from "../../static/js/lib/remembered.js";

class MemoryStorage {
  #values = new Map();
  getItem(name) {
    return this.#values.get(name) ?? null;
  }
  setItem(name, value) {
    this.#values.set(name, value);
  }
}

test("prompts are kept once each, the latest first", () => {
  const remembered = new Remembered(new MemoryStorage());
  for (const prompt of ["a", "b", "a"]) remembered.addPrompt(prompt);
  assert.deepEqual(remembered.prompts, ["a", "b"]);
  for (let n = 0; n < 60; n++) remembered.addPrompt(`${n}`);
  assert.equal(remembered.prompts.length, 50);
});

test("the usual duration is the median of the last ones", () => {
  const remembered = new Remembered(new MemoryStorage());
  assert.equal(remembered.usualDuration("xai"), 0);
  for (const duration of [9000, 1000, 2000]) remembered.addDuration("xai", duration);
  assert.equal(remembered.usualDuration("xai"), 2000);
  assert.equal(remembered.usualDuration("sample"), 0);
});

test("a storage that is forbidden or holds something else is no error", () => {
  const forbidden = {
    getItem() {
      throw new Error("forbidden");
    },
    setItem() {
      throw new Error("forbidden");
    },
  };
  const remembered = new Remembered(forbidden);
  remembered.addPrompt("a");
  assert.deepEqual(remembered.prompts, []);
});

test("progress grows and is never whole before the picture has come", () => {
  assert.equal(likelyProgress(500, 0), undefined);
  const values = [0, 500, 1000, 60_000].map((elapsed) => likelyProgress(elapsed, 1000));
  assert.deepEqual(values, [...values].sort());
  assert.equal(values.at(-1), 0.97);
});

test("earlier prompts are offered that hold all words that are typed", () => {
  const prompts = ["A red fox", "a fox", "日落海景", "lighthouse"];
  assert.deepEqual(matchingPrompts(prompts, "fox"), ["A red fox", "a fox"]);
  assert.deepEqual(matchingPrompts(prompts, "fox RED"), ["A red fox"]);
  assert.deepEqual(matchingPrompts(prompts, "日落"), ["日落海景"]);
  assert.deepEqual(matchingPrompts(prompts, "a fox"), ["A red fox"]);
  assert.deepEqual(matchingPrompts(prompts, "f"), []);
});

test("failed tasks that were tried again are remembered, the latest of them", () => {
  const remembered = new Remembered(new MemoryStorage());
  for (let n = 0; n < 250; n++) remembered.dismiss(`/v1/images/tasks/${n}`);
  const { dismissed } = remembered;
  assert.deepEqual(
    [dismissed.length, dismissed[0], dismissed.at(-1)],
    [200, "/v1/images/tasks/249", "/v1/images/tasks/50"],
  );
});

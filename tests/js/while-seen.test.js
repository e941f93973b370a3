import assert from "node:assert/strict";
import { test } from "node:test";

import { whileSeen } from "../../static/js/lib/while-seen.js";

class Page extends EventTarget {
  hidden = false;
  show(seen) {
    this.hidden = !seen;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** Works until it is ended or broken off, and counts how many do at the moment. */
class Work {
  open = 0;
  begun = 0;
  run = (signal) => {
    this.begun++;
    this.open++;
    return new Promise((resolve, reject) => {
      this.end = (value) => {
        this.open--;
        resolve(value);
      };
      signal.addEventListener("abort", () => {
        this.open--;
        reject(signal.reason);
      });
    });
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("nothing is held open while the page is hidden, and it goes on when it is seen", async () => {
  const [page, work, { signal }] = [new Page(), new Work(), new AbortController()];
  page.hidden = true;
  const result = whileSeen(work.run, { signal, page });
  await turn();
  assert.deepEqual([work.open, work.begun], [0, 0]);
  for (let n = 1; n <= 2; n++) {
    page.show(true);
    await turn();
    assert.deepEqual([work.open, work.begun], [1, n]);
    page.show(false);
    await turn();
    assert.equal(work.open, 0);
  }
  page.show(true);
  await turn();
  work.end("done");
  assert.equal(await result, "done");
});

test("what may not rest goes on behind another tab", async () => {
  const [page, work, { signal }] = [new Page(), new Work(), new AbortController()];
  const result = whileSeen(work.run, { signal, page, mayRest: () => false });
  page.show(false);
  await turn();
  assert.deepEqual([work.open, work.begun], [1, 1]);
  work.end("done");
  assert.equal(await result, "done");
});

test("it is left at once, whether it rests or works", async () => {
  for (const hidden of [true, false]) {
    const [page, work, left] = [new Page(), new Work(), new AbortController()];
    page.hidden = hidden;
    const result = whileSeen(work.run, { signal: left.signal, page });
    await turn();
    left.abort();
    await assert.rejects(result, { name: "AbortError" });
    assert.equal(work.open, 0);
  }
});

test("an error of the work is its own", async () => {
  const { signal } = new AbortController();
  const fails = async () => {
    throw new RangeError("no");
  };
  await assert.rejects(whileSeen(fails, { signal, page: new Page() }), RangeError);
});

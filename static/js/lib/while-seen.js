/**
 * Work that holds a connection, only while the page can be seen: a browser opens few of them to one
 * host, for all of its tabs together.
 */

/**
 * What `work` comes to; it is broken off when the page is hidden and begun anew when it is seen.
 * @param {(signal: AbortSignal) => Promise} work
 * @param {object} options signal; page, a document; mayRest() says whether it may be broken off
 * @throws AbortError where `signal` was used
 */
export async function whileSeen(work, { signal, page, mayRest = () => true }) {
  while (true) {
    if (page.hidden && mayRest()) await seen(page, signal);
    const hidden = new AbortController();
    const onChange = () => page.hidden && mayRest() && hidden.abort();
    page.addEventListener("visibilitychange", onChange);
    try {
      return await work(AbortSignal.any([signal, hidden.signal]));
    } catch (error) {
      if (signal.aborted || !hidden.signal.aborted) throw error;
    } finally {
      page.removeEventListener("visibilitychange", onChange);
    }
  }
}

function seen(page, signal) {
  return new Promise((resolve, reject) => {
    const listening = new AbortController();
    const end = (settle) => () => {
      if (page.hidden && !signal.aborted) return;
      listening.abort();
      settle();
    };
    const options = { signal: listening.signal };
    page.addEventListener("visibilitychange", end(resolve), options);
    signal.addEventListener(
      "abort",
      end(() => reject(signal.reason)),
      options,
    );
    if (signal.aborted) reject(signal.reason);
  });
}

/** Long actions in short steps: progress can be shown, and each step is told truly. Pure. */

/**
 * Calls `act(ids)` for up to `size` ids at a time; it answers `{done, failed: [{id, reason}]}`.
 *
 * Stops at the first step that throws, and when the signal is aborted. What came before it is
 * done and is told: `{done, failed, ids, error, stopped}`, where `ids` are those of the steps
 * that were answered and `error` is what was thrown.
 */
export async function inChunks(ids, { size, act, onProgress = () => {}, signal }) {
  const result = { done: 0, failed: [], ids: [], error: null, stopped: false };
  for (let start = 0; start < ids.length; start += size) {
    if (signal?.aborted) {
      result.stopped = true;
      break;
    }
    const chunk = ids.slice(start, start + size);
    try {
      const { done, failed } = await act(chunk);
      result.done += done;
      result.failed.push(...failed);
      result.ids.push(...chunk);
    } catch (error) {
      result.error = error;
      break;
    }
    onProgress(result.ids.length, ids.length);
  }
  return result;
}

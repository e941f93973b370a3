/** Reading Server-Sent Events from an answer's body. Pure. */

/**
 * The events of a stream of bytes, as `{event, data}`; comments are left out.
 * @param {ReadableStream<Uint8Array>} body
 */
export async function* readEvents(body) {
  let pending = "";
  for await (const text of decoded(body)) {
    const blocks = (pending + text).replaceAll("\r\n", "\n").split("\n\n");
    pending = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

/** One block between two empty lines; null where it has no data. */
export function parse(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, name, value] = line.match(/^([^:]*):? ?(.*)$/s);
    if (name === "event") event = value;
    if (name === "data") data.push(value);
  }
  return data.length ? { event, data: data.join("\n") } : null;
}

async function* decoded(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

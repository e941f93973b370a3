/**
 * The Vercel AI SDK as a client: `node vercel.mjs URL KEY`. Prints one line of JSON with what
 * each of its two providers received.
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createXai } from "@ai-sdk/xai";
import { generateImage } from "ai";

const [url, apiKey] = process.argv.slice(2);
const baseURL = `${url}/v1`;
const compatible = createOpenAICompatible({ name: "gateway", baseURL, apiKey });
const xai = createXai({ baseURL, apiKey });

async function received(request) {
  const { images } = await generateImage({ maxRetries: 0, ...request });
  return images.map(({ mediaType, uint8Array }) => ({ mediaType, bytes: uint8Array.length }));
}

async function refused(request) {
  try {
    return await received(request);
  } catch (error) {
    return { status: error.statusCode, message: error.message };
  }
}

const model = "grok-imagine-1.0";
const source = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
  "base64",
);
const results = {
  compatible: await received({
    model: compatible.imageModel(model),
    prompt: "a fox",
    size: "1536x1024",
    n: 2,
  }),
  compatibleEdit: await received({
    model: compatible.imageModel(model),
    prompt: { text: "make it night", images: [source] },
  }),
  xai: await received({ model: xai.image(model), prompt: "a fox", aspectRatio: "16:9" }),
  xaiEdit: await received({
    model: xai.image(model),
    prompt: { text: "make it night", images: [source] },
  }),
  unknown: await refused({ model: compatible.imageModel("nothing"), prompt: "a fox" }),
};
console.log(JSON.stringify(results));

/**
 * The Vercel AI SDK as a client: `node vercel.mjs URL KEY`. Prints one line of JSON with what
 * each of its three providers received.
 */
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createXai } from "@ai-sdk/xai";
import { generateImage, generateText } from "ai";

const [url, apiKey] = process.argv.slice(2);
const baseURL = `${url}/v1`;
const openai = createOpenAI({ baseURL, apiKey });
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

/** The pictures of a conversation's two turns; the second refers to the first one's answer. */
async function conversed(model) {
  const asked = {
    model: openai.responses(model),
    tools: { image_generation: openai.tools.imageGeneration() },
    maxRetries: 0,
  };
  const messages = [{ role: "user", content: "a fox" }];
  const first = await generateText({ ...asked, messages });
  messages.push(...first.response.messages, { role: "user", content: "make it night" });
  const second = await generateText({ ...asked, messages });
  return [first, second].map(({ toolResults: [{ output }] }) => ({
    mediaType: "image/jpeg",
    bytes: Buffer.from(output.result, "base64").length,
  }));
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
  openai: await received({ model: openai.image("gpt-image-1"), prompt: "a fox" }),
  openaiEdit: await received({
    model: openai.image("gpt-image-1"),
    prompt: { text: "make it night", images: [source] },
  }),
  responses: await conversed(model),
  unknown: await refused({ model: compatible.imageModel("nothing"), prompt: "a fox" }),
};
console.log(JSON.stringify(results));

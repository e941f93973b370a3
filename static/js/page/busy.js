import { toast } from "./signals.js";

/** Do the work of a button, once at a time, and say what goes wrong. */
export async function whileBusy(button, work) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    await work();
  } catch (error) {
    toast(button, { text: error.message, error: true });
  } finally {
    button.ariaBusy = null;
  }
}

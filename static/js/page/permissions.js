/** What this login may not do: <html data-denied> names it. The server refuses it anyway. */
import { toast } from "./signals.js";
import { text } from "./texts.js";

/** Whether `what` (add, change, delete, generate) is allowed; if not, the page says so. */
export function isPermitted(what) {
  const denied = document.documentElement.dataset.denied.split(" ").includes(what);
  if (denied) toast(document, { text: text("not-permitted"), error: true });
  return !denied;
}

/** The hearts: one picture may have several on a page. */
import { toast } from "../page/elements.js";
import { text } from "../page/texts.js";
import { changeImages } from "../server/requests.js";
import { remember } from "./undo.js";

/** Let every heart of the picture show this. */
export function showFavorite(id, favorite) {
  for (const heart of document.querySelectorAll(`[data-favorite="${id}"]`)) {
    heart.setAttribute("aria-pressed", String(favorite));
    heart.value = String(!favorite);
  }
}

/** Turn the mark of the button's picture. The heart changes once the server has said so. */
export async function toggleFavorite(button) {
  if (button.ariaBusy === "true") return;
  const id = Number(button.dataset.favorite);
  const favorite = button.getAttribute("aria-pressed") !== "true";
  button.ariaBusy = "true";
  try {
    const done = await changeImages("images/favorite/", { image_ids: [id], favorite });
    if (done.failed.length > 0) throw new Error(text("not-found"));
    remember(done.change);
    showFavorite(id, favorite);
    document.dispatchEvent(new CustomEvent("favorite-changed", { detail: { id, favorite } }));
  } catch (error) {
    toast(button, { text: error.message, error: true });
  } finally {
    button.ariaBusy = null;
  }
}

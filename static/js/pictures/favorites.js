/** The hearts: one picture may have several on a page. */
import { whileBusy } from "../page/busy.js";
import { tell } from "../page/signals.js";
import { changeImage } from "./changes.js";

/** Let every heart of the picture show this. */
export function showFavorite(id, favorite) {
  for (const heart of document.querySelectorAll(`[data-favorite="${id}"]`)) {
    heart.setAttribute("aria-pressed", String(favorite));
    heart.value = String(!favorite);
  }
}

/** Turn the mark of the button's picture. The heart changes once the server has said so. */
export function toggleFavorite(button) {
  const id = Number(button.dataset.favorite);
  const favorite = button.getAttribute("aria-pressed") !== "true";
  return whileBusy(button, async () => {
    await changeImage("favorite", id, { favorite });
    showFavorite(id, favorite);
    tell("favorite-changed");
  });
}

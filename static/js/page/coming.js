/** A picture that was opened and is on its way: on a slow line what the page shows of it already. */
export const SOON = 80; // milliseconds: what is there already is shown without a step between

/**
 * @param {Element} host has the <template> of templates/gallery/_coming.html
 * @param {HTMLImageElement} picture as the page shows it
 */
export function comingOf(host, picture, prompt, isVeiled) {
  const coming = host.querySelector("template").content.firstElementChild.cloneNode(true);
  const preview = coming.querySelector("img");
  preview.width = picture.width;
  preview.height = picture.height;
  preview.src = picture.currentSrc || picture.src;
  coming.querySelector(".facts__prompt").textContent = prompt.trim();
  coming.classList.toggle("sensitive", isVeiled);
  return coming;
}

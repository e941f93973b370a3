/** Making elements without markup strings: text stays text. */

/** `element("p", {class: "soft"}, ["text", child])`; an attribute of `undefined` is left out. */
export function element(name, attributes = {}, children = []) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

/** A symbol of the sprite, found through an icon that the server has rendered. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  const sprite = document.querySelector(".icon use").getAttribute("href").split("#")[0];
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** The elements of the server's markup, as the children of what this answers. */
export function parse(markup) {
  return new DOMParser().parseFromString(markup, "text/html").body;
}

/**
 * Let an element be seen and reached while a modal dialog is open: into the dialog with it.
 * When a dialog closes, it goes home to <body>.
 */
export function bringForward(sign) {
  const dialogs = document.querySelectorAll("dialog:modal");
  const host = dialogs.length > 0 ? dialogs[dialogs.length - 1] : document.body;
  if (sign.parentElement === host) return;
  host.append(sign);
  if (host !== document.body) {
    host.addEventListener("close", () => bringForward(sign), { once: true });
  }
}

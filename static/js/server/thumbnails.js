/** The small copies of a picture of the library, as an <img> takes them. */
import { api } from "./requests.js";

const SIDES = [512, 1024]; // pixels of the longer side
const WIDTHS = "(max-width: 40rem) 45vw, 20rem"; // of a tile

/** `{src, srcset, sizes}` of the picture with this id and so many pixels. */
export function thumbnailSources(id, { width, height }) {
  const address = api(`images/${id}/thumbnail/`);
  const [small, large] = SIDES.map((side) => scaled(side, width, height));
  if (large <= small) return { src: address };
  return {
    sizes: WIDTHS,
    srcset: `${address} ${small}w, ${address}?size=1024 ${large}w`,
    src: address,
  };
}

function scaled(side, width, height) {
  return Math.round(width * Math.min(1, side / Math.max(width, height, 1)));
}

/** Where an arrow key leads from one thing to another. Pure. */

/**
 * Index of the next box in the key's direction, or the same index at the edge.
 *
 * @param boxes `{left, top, width}` in reading order
 */
export function neighbour(boxes, index, key) {
  const last = boxes.length - 1;
  if (key === "ArrowRight") return Math.min(last, index + 1);
  if (key === "ArrowLeft") return Math.max(0, index - 1);
  if (key === "Home") return 0;
  if (key === "End") return last;
  const down = key === "ArrowDown";
  const here = boxes[index];
  const rows = boxes
    .map((box, place) => ({ place, top: box.top, middle: box.left + box.width / 2 }))
    .filter((box) => (down ? box.top > here.top + 1 : box.top < here.top - 1));
  if (rows.length === 0) return index;
  const top = down ? rows[0].top : rows.at(-1).top;
  const middle = here.left + here.width / 2;
  const distance = (box) => Math.abs(box.middle - middle);
  return rows
    .filter((box) => Math.abs(box.top - top) <= 1)
    .reduce((best, box) => (distance(box) < distance(best) ? box : best)).place;
}

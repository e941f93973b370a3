/**
 * Zooming and moving a picture in a frame. Pure.
 *
 * A view is `{scale, x, y}`: scale 1 fits the frame, x and y move the picture's middle in pixels
 * of the frame. A frame is `{width, height}`; points are relative to its middle.
 */
export const FIT = Object.freeze({ scale: 1, x: 0, y: 0 });
export const MOST = 8;

/** Zoom by a factor so that the point stays where it is. */
export function zoomAt(view, factor, point, frame) {
  const scale = Math.min(MOST, Math.max(1, view.scale * factor));
  const ratio = scale / view.scale;
  return held(
    { scale, x: point.x - (point.x - view.x) * ratio, y: point.y - (point.y - view.y) * ratio },
    frame,
  );
}

export function moveBy(view, dx, dy, frame) {
  return held({ scale: view.scale, x: view.x + dx, y: view.y + dy }, frame);
}

/** The view moved back so that the frame stays filled. */
export function held(view, frame) {
  const reachX = ((view.scale - 1) * frame.width) / 2;
  const reachY = ((view.scale - 1) * frame.height) / 2;
  return {
    scale: view.scale,
    x: between(-reachX, view.x, reachX) + 0,
    y: between(-reachY, view.y, reachY) + 0,
  };
}

function between(least, value, most) {
  return Math.min(most, Math.max(least, value));
}

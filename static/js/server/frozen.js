/** Sets of pictures that the server keeps, frozen, under a token. */
import { api, send } from "./requests.js";

/** Make one: `{selection, image_ids, filter, without, section}`; answers `{token, count, bytes}`. */
export function freeze(values) {
  return send(api("selections/"), { json: values });
}

/** How many of its pictures are there by now: `{token, count, bytes}`. */
export function lookAt(token) {
  return send(api(`selections/${token}/`), { method: "GET" });
}

/** The ids of those that are there by now. */
export async function idsOf(token) {
  const { image_ids } = await send(api(`selections/${token}/?ids`), { method: "GET" });
  return image_ids;
}

/** As `lookAt`, and in `among` which of these ids it has. */
export function among(token, ids) {
  return send(api(`selections/${token}/?among=${ids.join(",")}`), { method: "GET" });
}

/** The tags of its pictures, `{name, count}`, and whether these counts are exact. */
export async function tagsOf(token) {
  const { tags, count_exact } = await send(api(`facets/?selection=${token}`), { method: "GET" });
  return [tags, count_exact];
}

/** Names of tags as people type them. Pure; the rules are those of the server. */

const SEPARATORS = /[,，、;；\n]+/;

/** Width- and case-insensitive form. */
export function fold(name) {
  return name.normalize("NFKC").toLowerCase().normalize("NFKC");
}

/** The names in one line of input. */
export function splitNames(line) {
  return line
    .split(SEPARATORS)
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** The name that is being typed: what stands behind the last separator. */
export function lastName(line) {
  return line.split(SEPARATORS).at(-1).trim();
}

/** The line with its last name replaced, ready for the next one where `more`. */
export function withLastName(line, name, { more }) {
  const typed = line.split(SEPARATORS).at(-1);
  const before = line.slice(0, line.length - typed.length);
  const blank = before === "" || before.endsWith(" ") ? "" : " ";
  return `${before}${blank}${name}${more ? ", " : ""}`;
}

/**
 * Tags to offer: those whose name begins with what is typed, then those that contain it.
 *
 * @param known `{name, count}`, most used first
 * @param taken names that are not offered
 */
export function complete(known, typed, taken, limit = 8) {
  const wanted = fold(typed);
  const left = new Set(taken.map(fold));
  const begins = [];
  const contains = [];
  for (const tag of known) {
    const name = fold(tag.name);
    if (left.has(name) || name === wanted) continue;
    if (name.startsWith(wanted)) begins.push(tag);
    else if (name.includes(wanted)) contains.push(tag);
  }
  return [...begins, ...contains].slice(0, limit);
}

/** Numbers, sizes and sentences in the page's language. Pure. */

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** `formatCount(12345)` is "12,345", in Chinese too. */
export function formatCount(count) {
  return new Intl.NumberFormat("en").format(count);
}

/** A number that is, without `exact`, an upper bound. */
export function formatBound(count, exact) {
  return `${exact || count === 0 ? "" : "≤ "}${formatCount(count)}`;
}

/** Bytes as the statistic cards show them: "512 B", "1.5 MB". */
export function formatBytes(bytes) {
  let unit = 0;
  let size = bytes;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const number = unit === 0 ? String(size) : size.toFixed(1);
  return `${number} ${UNITS[unit]}`;
}

/** `fill("{count} of {all}", {count: 1, all: 2})`; numbers are grouped. */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => {
    if (!(name in values)) return whole;
    const value = values[name];
    return typeof value === "number" ? formatCount(value) : value;
  });
}

/** Query strings of the gallery's addresses. Pure. */

/** The query with these values; `null` takes a name out. Empty values go, too. */
export function changed(query, values) {
  const parameters = new URLSearchParams(query);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) parameters.delete(name);
    else parameters.set(name, value);
  }
  for (const name of new Set(parameters.keys())) {
    const kept = parameters.getAll(name).filter((value) => value !== "");
    parameters.delete(name);
    for (const value of kept) parameters.append(name, value);
  }
  const text = parameters.toString();
  return text && `?${text}`;
}

/** The query of the list alone, whatever picture stands in front of it. */
export function listQuery(query) {
  return changed(query, { image: null });
}

/** The query of the filters alone; `others` are the names of parameters that are none. */
export function filterQuery(query, others) {
  return changed(query, Object.fromEntries(others.map((name) => [name, null])));
}

/** Filters of such a query, as the API takes them: `{model: ["a", "b"], search: ["cat"]}`. */
export function filterOf(query) {
  const filter = {};
  for (const [name, value] of new URLSearchParams(query)) {
    filter[name] ??= [];
    filter[name].push(value);
  }
  return filter;
}

/** What was typed and not sent when its field left the page, by a name; until the page is left. */
const drafts = new Map();

/** Keep what the field holds beyond what it came with; without a field, forget it. */
export function keepDraft(name, field) {
  if (field && field.value !== field.defaultValue) drafts.set(name, field.value);
  else drafts.delete(name);
}

export function bringDraft(name, field) {
  if (drafts.has(name)) field.value = drafts.get(name);
}

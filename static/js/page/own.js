/** The name of what is kept in this browser for whoever is logged in: nobody else's is read. */
export function own(name) {
  return `${name}.${document.documentElement.dataset.user}`;
}

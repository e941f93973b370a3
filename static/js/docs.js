/* Swagger's page in the dark, where the gallery is: its own style sheet has the colours. */
const theme = document.documentElement.dataset.theme;
const system = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  const dark = theme === "dark" || (theme !== "light" && system.matches);
  document.documentElement.classList.toggle("dark-mode", dark);
}

system.addEventListener("change", follow);
follow();

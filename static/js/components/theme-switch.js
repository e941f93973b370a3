/**
 * <theme-switch>: one button each for light, auto and dark.
 *
 * The choice is a cookie, so that the server writes it into <html> and no page flashes.
 */
import { PageElement } from "../page/page-element.js";

const YEAR = 365 * 24 * 60 * 60;

class ThemeSwitch extends PageElement {
  connected() {
    this.hidden = false;
    this.listen(this, { click: this.#onClick });
    this.#show();
  }

  #onClick(event) {
    const theme = event.target.closest("button")?.value;
    if (!theme) return;
    document.documentElement.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`;
    this.#show();
  }

  #show() {
    const theme = document.documentElement.dataset.theme;
    for (const button of this.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
  }
}

customElements.define("theme-switch", ThemeSwitch);

/**
 * <imagine-options data-url> within the composer's form: the choices of which each model has its own,
 * folded away until somebody wants them, and what the pictures may cost.
 *
 * Its JSON says what there is to choose: `{generate: {model: offer}, edit: {…}}`.
 */
import { Remembered } from "../lib/remembered.js";
import { element } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { send } from "../server/requests.js";

const PAUSE = 400; // milliseconds after the last change, until the server is asked

class ImagineOptions extends PageElement {
  #offers;
  #timer;
  #asked = 0; // how often: only the last answer counts

  prepared() {
    this.form = this.closest("form");
    this.fold = this.querySelector("details");
    this.remembered = new Remembered(localStorage);
    this.#offers = JSON.parse(this.querySelector("script").textContent);
    if (this.remembered.isUnfolded) this.fold.open = true;
  }

  connected() {
    this.listen(this.querySelector("summary"), { click: this.#onFold });
    this.listen(this.form, {
      input: this.#changed,
      change: this.#changed,
      "sources-change": this.show,
    });
    // A field that is folded away cannot say what is wrong with it.
    this.listen(this, { invalid: this.#unfold }, { capture: true });
    this.show();
  }

  disconnected() {
    clearTimeout(this.#timer);
  }

  /** Offer what the chosen model offers; what was chosen stays where it can. */
  show() {
    const offer = this.#offer;
    this.#fill("resolution", offer.resolutions);
    this.#fill("quality", offer.qualities);
    this.#let("seed", offer.seeds);
    this.querySelector("[data-uncertain]").hidden = offer.is_certain;
    this.#tellSet();
    this.#askSoon();
  }

  get #sources() {
    return this.form.querySelector("picture-sources").values?.length ?? 0;
  }

  get #offer() {
    const offers = this.#offers[this.#sources > 0 ? "edit" : "generate"];
    return offers[this.form.elements.model?.value] ?? Object.values(offers)[0];
  }

  #changed({ type, target }) {
    if (target.name === "model") this.show();
    if (type === "input" && target.matches("select, [type=radio], [type=checkbox]")) return;
    if (target.dataset.value !== undefined) target.dataset.value = target.value;
    target.setCustomValidity?.("");
    this.#tellSet();
    this.#askSoon();
  }

  #fill(name, values) {
    const select = this.form.elements[name];
    const wanted = select.value || select.dataset.value;
    select.replaceChildren(
      select.options[0],
      ...values.map((value) => element("option", { value }, [value])),
    );
    select.value = values.includes(wanted) ? wanted : "";
    select.dataset.value = wanted;
    this.#let(name, values.length > 0);
  }

  /** What is not offered is neither shown nor sent. */
  #let(name, offered) {
    const field = this.form.elements[name];
    field.disabled = !offered;
    field.closest(".field").hidden = !offered;
  }

  /** What is chosen can be read when it is folded away, too. */
  #tellSet() {
    const fields = [...this.querySelectorAll("select, input")].filter((field) => !field.disabled);
    const values = fields.filter(({ value }) => value).map((field) => this.#named(field));
    this.querySelector("[data-set]").textContent = values.join(" · ");
  }

  #named(field) {
    return field.selectedOptions?.[0].text ?? `${field.labels[0].textContent} ${field.value}`;
  }

  #onFold() {
    this.remembered.isUnfolded = !this.fold.open;
  }

  #unfold() {
    this.fold.open = true;
  }

  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PAUSE);
  }

  async #ask() {
    const asked = ++this.#asked;
    const form = new FormData(this.form);
    if (form.get("aspect_ratio") === "auto") form.delete("aspect_ratio");
    form.set("sources", String(this.#sources));
    if (this.form.querySelector("[data-endless]").checked) form.set("endless", "on");
    let told;
    try {
      told = await send(this.dataset.url, { form });
    } catch {
      told = { price: "", errors: {} }; // what it costs is not known now; Generate says why
    }
    if (asked === this.#asked) this.#tell(told);
  }

  #tell({ price, errors }) {
    const line = this.form.querySelector("[data-price]");
    const sentence = Object.values(errors).flat()[0] ?? price;
    if (line.textContent !== sentence) line.textContent = sentence;
    const named = Object.keys(errors);
    line.classList.toggle("field__error", named.length > 0);
    for (const field of this.form.querySelectorAll("textarea, select, input[type=number]")) {
      const isWrong = named.includes(field.name);
      field.setCustomValidity(isWrong ? errors[field.name][0] : "");
      if (isWrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      if (isWrong && this.contains(field)) this.#unfold();
    }
  }
}

customElements.define("imagine-options", ImagineOptions);

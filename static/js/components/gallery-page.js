/**
 * <gallery-page>: a list whose address changes without loading the page anew.
 *
 * htmx fetches and swaps #gallery; this element keeps history, scroll and focus, and knows the
 * address of the picture in front. On the document it dispatches `results-changed` when other
 * pictures are shown and `address-changed` when another picture is in front; it listens to
 * `library-changed` there.
 */
import { changed, filterQuery, listQuery } from "../lib/address.js";
import { icon } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";
import { tell, toast } from "../page/signals.js";
import { text } from "../page/texts.js";
import { showFavorite, toggleFavorite } from "../pictures/favorites.js";
import { api, send } from "../server/requests.js";

/** Bytes of a search in an address: with all else it stays below what proxies let through. */
const LONGEST = 4000;

class GalleryPage extends PageElement {
  #isGoingBack = false;
  #list = listQuery(location.search); // query of the list that is shown
  #kind = "visit"; // of the request that this element has made: "back" or "refresh"
  #scroll = 0;
  #focus = null; // the picture that had the focus before a swap: `{id, place}`

  connected() {
    history.scrollRestoration = "manual";
    if (history.state?.scroll) scrollTo(0, history.state.scroll);
    this.listen(document, {
      "htmx:configRequest": this.#onConfigRequest,
      "htmx:beforeRequest": this.#onBeforeRequest,
      "htmx:beforeSwap": this.#onBeforeSwap,
      "htmx:afterSwap": this.#onAfterSwap,
      "htmx:sendError": this.#onFailure,
      "htmx:responseError": this.#onFailure,
      "library-changed": this.#refresh,
      "favorite-changed": this.#onFavoriteChanged,
      "pictures-told": this.#onPicturesTold,
      "show-newest": this.#showNewest,
      click: this.#onClick,
    });
    this.listen(document, { submit: this.#onSubmit }, { capture: true });
    this.listen(window, { popstate: this.#onPopState, pagehide: this.#rememberScroll });
    this.listen(this, { change: this.#onChange, pointerover: this.#onPointerOver });
    const images = { error: this.#onImageError, load: this.#onImageLoad };
    this.listen(this, images, { capture: true });
    this.#markImages();
  }

  /** Show a picture in front of the list: a new place in the history, or the same while open. */
  openImage(id) {
    const address = location.pathname + changed(location.search, { image: id });
    if (new URLSearchParams(location.search).has("image")) {
      history.replaceState(history.state, "", address);
    } else {
      this.#rememberScroll();
      history.pushState({ opened: true }, "", address);
    }
    tell("address-changed");
  }

  closeImage() {
    if (this.#isGoingBack) return; // once more would leave the gallery
    if (history.state?.opened) {
      this.#isGoingBack = true;
      addEventListener("popstate", () => (this.#isGoingBack = false), { once: true });
      history.back();
      return;
    }
    history.replaceState(history.state, "", location.pathname + listQuery(location.search));
    tell("address-changed");
  }

  /** The query of what the list's filters are, however it is sorted, paged and shown. */
  get filters() {
    return filterQuery(location.search, this.dataset.notFilters.split(" "));
  }

  /** Fetch the same results again, in place. */
  #refresh() {
    this.#load("refresh");
  }

  /** To where new pictures stand: the first page of the same list, newest first. */
  #showNewest() {
    const query = changed(listQuery(location.search), {
      page: null,
      sort_by: null,
      sort_order: null,
    });
    if (query === this.#list) {
      this.#refresh();
      return;
    }
    history.pushState({}, "", location.pathname + query);
    this.#load("back");
  }

  #load(kind) {
    this.#kind = kind;
    window.htmx.ajax("GET", location.pathname + listQuery(location.search), {
      source: this,
      target: "#gallery",
      swap: "outerHTML",
    });
  }

  #onConfigRequest({ detail }) {
    const { formData } = detail;
    for (const name of new Set(formData.keys())) {
      const kept = formData.getAll(name).filter((value) => value !== "");
      formData.delete(name);
      for (const value of kept) formData.append(name, value);
    }
  }

  #onBeforeRequest({ detail }) {
    if (detail.target.id === "gallery") this.#scroll = scrollY;
  }

  #onBeforeSwap({ detail }) {
    // The session has ended: the login page comes where results were asked for.
    if (new URL(detail.xhr.responseURL).pathname.includes("/login")) {
      detail.shouldSwap = false;
      location.reload();
    }
    if (detail.target.id !== "gallery" || !detail.shouldSwap) return;
    const focused = document.activeElement?.closest("gallery-page [data-id]");
    this.#focus = focused && { id: focused.dataset.id, place: this.#items.indexOf(focused) };
    // htmx says goodbye to every single element that goes; these have nothing to hear.
    this.querySelector("[data-items]")?.replaceChildren();
  }

  #onAfterSwap({ target, detail }) {
    if (target.id !== "gallery") return;
    const kind = detail.requestConfig.elt === this ? this.#kind : "visit";
    if (kind === "visit") {
      const { pathname, search } = new URL(detail.pathInfo.finalRequestPath, location.href);
      if (pathname + search !== location.pathname + location.search) {
        history.replaceState({ ...history.state, scroll: this.#scroll }, "");
        history.pushState({}, "", pathname + search);
      } // else it is the same place, as when a browser loads the address it shows
      const results = this.querySelector("#results");
      if (results.getBoundingClientRect().top < 0) results.scrollIntoView({ behavior: "instant" });
    } else if (kind === "back") {
      scrollTo({ top: history.state?.scroll ?? 0, behavior: "instant" });
    }
    this.#list = listQuery(location.search);
    if (document.activeElement === document.body) this.#refocus(kind);
    this.#markImages();
    tell("results-changed");
  }

  /** To the same picture, to the one that has taken its place, or to the results as a whole. */
  #refocus(kind) {
    const items = this.#items;
    let item = this.#focus && items.find(({ dataset }) => dataset.id === this.#focus.id);
    if (this.#focus && kind === "refresh") {
      item ??= items[Math.min(this.#focus.place, items.length - 1)];
    }
    const target = item?.querySelector(".card__link") ?? this.querySelector("#results");
    target.focus({ preventScroll: true });
  }

  get #items() {
    return [...this.querySelectorAll("[data-id]")];
  }

  #onFailure({ detail }) {
    const { status } = detail.xhr;
    toast(this, { text: status ? text("failed", { status }) : text("unreachable"), error: true });
  }

  #onPopState() {
    if (listQuery(location.search) !== this.#list) this.#load("back");
    tell("address-changed");
  }

  #onFavoriteChanged() {
    if (/[?&](favorite=|search=[^&]*favou?rite)/.test(location.search)) this.#refresh();
  }

  /** What another tab, person or key has done to pictures that are shown here. */
  #onPicturesTold({ detail: { ids, gone, favorites } }) {
    for (const item of this.#items.filter(({ dataset }) => ids.has(dataset.id))) {
      const { id } = item.dataset;
      const heart = item.querySelector("[data-favorite]");
      if (heart && heart.ariaBusy !== "true") showFavorite(id, favorites.has(id));
      if (item.classList.toggle("gone", gone.has(id))) item.dataset.word = text("gone");
    }
  }

  #onClick(event) {
    const heart = event.target.closest("[data-favorite]");
    if (heart) {
      event.preventDefault();
      toggleFavorite(heart);
      return;
    }
    const link = event.target.closest("a[data-image]");
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && plain && event.button === 0) {
      event.preventDefault();
      this.openImage(link.dataset.image);
    }
  }

  /** A search that is too long for an address is kept by the server, and the address names it. */
  async #onSubmit(event) {
    const form = event.target;
    const box = form.id === "filters" && form.elements.search;
    if (!box || encodeURIComponent(box.value).length <= LONGEST) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    try {
      const { q } = await send(api("searches/"), { json: { search: box.value } });
      const query = new URLSearchParams(
        [...new FormData(form)].filter(([name]) => name !== "search"),
      );
      query.set("q", q);
      location.assign(location.pathname + changed(query, {}));
    } catch (error) {
      toast(this, { text: error.message, error: true });
    }
  }

  #onChange({ target }) {
    if (target.matches(".filters__select")) target.form.requestSubmit();
  }

  /** The whole prompt on hover; not in the markup twice. */
  #onPointerOver({ target }) {
    const link = target.closest(".card__link");
    if (link && !link.title) link.title = link.textContent.trim();
  }

  #onImageError({ target }) {
    if (target.matches?.(".thumbnail img")) this.#showBroken(target);
  }

  /** The colour under it was for the time until then. */
  #onImageLoad({ target }) {
    if (target.matches?.(".thumbnail img")) {
      target.closest(".thumbnail").classList.add("thumbnail--loaded");
    }
  }

  /** Pictures that have come, or failed, before this script ran. */
  #markImages() {
    for (const image of this.querySelectorAll(".thumbnail img")) {
      if (!image.complete || !image.currentSrc) continue;
      if (image.naturalWidth === 0) this.#showBroken(image);
      else image.closest(".thumbnail").classList.add("thumbnail--loaded");
    }
  }

  #showBroken(image) {
    const frame = image.closest(".thumbnail");
    if (frame.classList.contains("thumbnail--broken")) return;
    frame.classList.add("thumbnail--broken");
    const sign = document.createElement("span");
    const words = document.createElement("span");
    sign.className = "thumbnail__broken";
    words.textContent = text("broken");
    sign.append(icon("image-off"), words);
    frame.append(sign);
  }

  #rememberScroll() {
    history.replaceState({ ...history.state, scroll: scrollY }, "");
  }
}

customElements.define("gallery-page", GalleryPage);

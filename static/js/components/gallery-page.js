class GalleryPage extends HTMLElement {}
customElements.define("gallery-page", GalleryPage);

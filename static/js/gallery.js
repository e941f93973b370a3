import "./components/gallery-page.js";

import "./components/imagine-studio.js";

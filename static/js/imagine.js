import "./app.js";
import "./components/imagine-studio.js";

import "./app.js";
import "./components/imagine-studio.js";
import "./components/prompt-completion.js";

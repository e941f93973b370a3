import "./app.js";
import "./components/copy-button.js";
import "./components/image-stage.js";
import "./components/imagine-studio.js";
import "./components/picture-over.js";
import "./components/prompt-completion.js";

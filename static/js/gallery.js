/* The list pages' script. */
import "./app.js";
import "./components/action-progress.js";
import "./components/confirm-dialog.js";
import "./components/copy-button.js";
import "./components/empty-trash.js";
import "./components/facet-counts.js";
import "./components/gallery-keys.js";
import "./components/gallery-page.js";
import "./components/image-dialog.js";
import "./components/image-stage.js";
import "./components/live-statistics.js";
import "./components/selection-bar.js";
import "./components/sensitive-pictures.js";
import "./components/tag-completion.js";
import "./components/tag-editor.js";
import "./components/tags-dialog.js";
import "./components/upload-area.js";

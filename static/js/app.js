/* Every page's script. */
import "./components/pop-menu.js";
import "./components/theme-switch.js";
import "./components/toast-stack.js";

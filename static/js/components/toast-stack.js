/**
 * <toast-stack>: says for some seconds what has just happened, with one action at most.
 *
 * Any element asks for it by a bubbling event:
 *   new CustomEvent("toast", {bubbles: true, detail: {text, error, action: {label, run}, seconds}})
 */
import { bringForward, element, icon } from "../page/elements.js";
import { PageElement } from "../page/page-element.js";

class ToastStack extends PageElement {
  connected() {
    this.setAttribute("role", "status");
    this.listen(document, { toast: this.#onToast });
  }

  #onToast({ detail }) {
    bringForward(this);
    for (const old of [...this.children]) {
      if (!detail.action && isSame(old, detail.text)) old.remove(); // the last word is enough
    }
    const toast = element("div", { class: detail.error ? "toast toast--error" : "toast" }, [
      icon(detail.error ? "circle-alert" : "circle-check"),
      element("span", { class: "toast__text" }, [detail.text]),
    ]);
    if (detail.action) {
      const button = element("button", { class: "toast__action", type: "button" }, [
        detail.action.label,
      ]);
      button.addEventListener("click", () => {
        toast.remove();
        detail.action.run();
      });
      toast.append(button);
    }
    this.append(toast);
    this.#leaveAfter(toast, (detail.seconds ?? (detail.error ? 12 : 5)) * 1000);
  }

  /** Waits while the pointer or the focus is on it: nobody loses an Undo half-way to it. */
  #leaveAfter(toast, milliseconds) {
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) this.#leaveAfter(toast, 1000);
      else toast.remove();
    }, milliseconds);
  }
}

/** Whether the toast says the same and has nothing to be pressed. */
function isSame(toast, text) {
  return toast.textContent === text && toast.querySelector("button") === null;
}

customElements.define("toast-stack", ToastStack);

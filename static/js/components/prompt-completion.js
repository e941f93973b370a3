/**
 * <prompt-completion data-label> around the <textarea>: offers earlier prompts that hold what is
 * being typed.
 */
import { matchingPrompts, Remembered } from "../lib/remembered.js";
import { Combobox } from "../page/combobox.js";

class PromptCompletion extends Combobox {
  offer() {
    const found = matchingPrompts(new Remembered(localStorage).prompts, this.field.value);
    this.show(found.map((prompt) => ({ value: prompt, content: [prompt], dir: "auto" })));
  }

  take(prompt) {
    this.field.value = prompt;
  }
}

customElements.define("prompt-completion", PromptCompletion);

// Where a person types: Enter sends, Shift+Enter makes a new line.

import { h, icon } from "./dom.js";

export class Composer {
  constructor({ label, send }) {
    this.field = h("textarea", { rows: 1, class: "composer-field", "aria-label": label, autocomplete: "off", spellcheck: "false" });
    this.button = h("button", { type: "submit", class: "send", "aria-label": "Send", disabled: true }, icon("send"));
    this.context = h("div", { class: "composer-context", hidden: true });
    this.element = h("form", { class: "composer" }, this.context, h("div", { class: "composer-row" }, this.field, this.button));
    this.field.addEventListener("input", () => this.grow());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.element.requestSubmit();
    });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (!text) return;
      this.field.value = "";
      this.grow();
      send(text);
    });
  }

  grow() {
    this.button.disabled = !this.field.value.trim();
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 140)}px`;
  }

  /** Say where the text will go; `inside` names a thread that can be left. */
  aim(placeholder, inside) {
    this.field.placeholder = placeholder;
    this.context.hidden = !inside;
    this.context.replaceChildren();
    if (!inside) return;
    this.context.append(icon("reply"), h("span", { class: "composer-in" }, inside.label),
      h("button", { type: "button", class: "icon-btn", "aria-label": "Leave the thread", onclick: inside.leave }, icon("close")));
  }

  focus() {
    this.field.focus();
  }
}

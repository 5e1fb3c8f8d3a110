// Dialogs of the Slack-like side: views the bot opens, and a button's own question.
// They cover this side only; the other one is another program.

import { renderBlocks, textOf } from "./blockkit.js";
import { plain } from "./mrkdwn.js";
import { h, icon } from "./dom.js";

/** Shows at most one dialog over `pane`, which is inert meanwhile. */
export class Dialogs {
  constructor(pane) {
    this.pane = pane;
    this.shown = null;
    this.viewHash = null;
  }

  /** Show the view; its answer goes to `submit(values)` or `close()`. */
  showView(view, { names, submit, close }) {
    if (this.viewHash === view.hash && this.shown) return;
    const collect = (form) => {
      const values = {};
      for (const field of form.querySelectorAll("[data-block]")) {
        (values[field.dataset.block] ??= {})[field.dataset.action] = field.value;
      }
      submit(values, (errors) => this.showErrors(errors));
    };
    this.open(textOf(view.title), renderBlocks(view.blocks, { names }), {
      yes: view.submit ? plain(view.submit.text) : "",
      no: view.close ? plain(view.close.text) : "Cancel",
      onYes: collect,
      onNo: () => {
        this.hide();
        close();
      },
    });
    this.viewHash = view.hash;
  }

  /** Ask a button's confirmation; resolves to whether to go on. */
  confirm(question) {
    return new Promise((resolve) => {
      const end = (answer) => () => {
        this.hide();
        resolve(answer);
      };
      this.open(plain(question.title?.text ?? "Sure?"), h("p", {}, textOf(question.text)), {
        yes: plain(question.confirm?.text ?? "Yes"),
        no: plain(question.deny?.text ?? "Cancel"),
        style: question.style,
        onYes: end(true),
        onNo: end(false),
      });
    });
  }

  open(title, content, { yes, no, style, onYes, onNo }) {
    this.hide();
    const form = h("form", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-labelledby": "dialog-title" },
      h("div", { class: "dialog-head" },
        h("h2", { id: "dialog-title" }, title),
        h("button", { type: "button", class: "icon-btn", "aria-label": "Close", onclick: onNo }, icon("close"))),
      h("div", { class: "dialog-body" }, content),
      h("div", { class: "dialog-foot" },
        h("button", { type: "button", class: "btn", onclick: onNo }, no),
        yes && h("button", { type: "submit", class: `btn ${style === "danger" ? "is-danger" : "is-primary"}` }, yes)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onYes(form);
    });
    this.shown = h("div", { class: "dialog-veil" }, form);
    this.shown.addEventListener("keydown", (event) => event.key === "Escape" && onNo());
    this.before = document.activeElement;
    for (const child of this.pane.children) child.inert = true;
    this.pane.append(this.shown);
    (form.querySelector("[autofocus], textarea, input") ?? form.querySelector(".dialog-foot button:last-child")).focus();
  }

  showErrors(errors) {
    if (!this.shown || !errors) return;
    for (const [block, why] of Object.entries(errors)) {
      const field = [...this.shown.querySelectorAll("[data-block]")].find((f) => f.dataset.block === block);
      if (!field) continue;
      field.setAttribute("aria-invalid", "true");
      field.closest(".bk-input").querySelector(".bk-note").replaceChildren(h("span", { class: "error" }, why));
    }
  }

  hide() {
    if (!this.shown) return;
    this.shown.remove();
    this.shown = null;
    this.viewHash = null;
    for (const child of this.pane.children) child.inert = false;
    const back = this.before?.isConnected ? this.before : this.pane.querySelector("[role=log]");
    back?.focus({ preventScroll: true });
  }
}

// The Teams-like side: one chat between a person and the bot.

import * as api from "./api.js";
import { isDark, renderCard } from "./cards.js";
import { Composer } from "./composer.js";
import { avatar, clock, h, holdScroll, icon, isAtEnd, stickToEnd, swap } from "./dom.js";
import { markdown } from "./markdown.js";

const CARD = "application/vnd.microsoft.card.adaptive";
const TYPING_MS = 6000;
const STREAM_MS = 120_000; // Teams ends a stream then, whatever the bot does

export class TeamsPane {
  constructor(root, world, { report }) {
    this.world = world;
    this.report = report;
    this.user = "";
    this.title = h("h2", { class: "conv-title" });
    this.list = h("div", { class: "msgs", role: "log", "aria-live": "off", "aria-label": "Messages in Teams", tabindex: 0 });
    this.typing = h("div", { class: "typing", hidden: true });
    this.pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => this.jump() }, icon("down"), "New below");
    this.composer = new Composer({ label: "Message in Teams", send: (text) => this.say(text) });
    root.append(h("div", { class: "conv" }, h("div", { class: "conv-head" }, this.title), this.list, this.typing, this.pill, this.composer.element));
    stickToEnd(this.list);
    this.list.addEventListener("scroll", () => isAtEnd(this.list) && (this.pill.hidden = true));
    world.on("teams.activity", (activity, before) => this.hear(activity, before));
    world.on("teams.overlay", (overlay) => overlay.conversation === this.conversation() && this.redraw(overlay.activity));
    world.on("teams.typing", (typing) => typing.conversation === this.conversation() && this.showTyping());
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.user && this.draw());
  }

  become(user) {
    this.user = user;
    this.draw();
  }

  conversation() {
    return this.world.teams.users.get(this.user)?.conversation ?? "";
  }

  activities() {
    return [...(this.world.teams.messages.get(this.conversation())?.values() ?? [])];
  }

  draw() {
    const { bot } = this.world.teams;
    this.title.replaceChildren(avatar(bot.name, { bot: true, round: true }), bot.name);
    this.composer.aim(`Type a message to ${bot.name}`, null);
    this.list.replaceChildren(...this.activities().map((activity) => this.renderOne(activity)));
    if (!this.list.firstChild) {
      this.list.append(h("div", { class: "empty" }, icon("bot"), h("p", {}, `Nothing here yet. ${bot.name} writes when there is something to decide, or when asked.`)));
    }
    this.list.scrollTop = this.list.scrollHeight;
    this.pill.hidden = true;
    this.typing.hidden = true;
  }

  renderOne(activity) {
    const mine = this.isMine(activity);
    const { bot } = this.world.teams;
    const edits = Math.max(0, activity.revision - 1);
    const author = mine ? "You" : bot.name;
    const streams = activity.streaming && Date.now() - Date.parse(activity.timestamp) < STREAM_MS;
    return h("article", { class: `chat${mine ? " is-mine" : " by-bot"}${streams ? " is-streaming" : ""}`, dataset: { id: activity.id }, "aria-label": `${author}: ${activity.text ?? activity.summary ?? "card"}` },
      !mine && avatar(bot.name, { bot: true, round: true }),
      h("div", { class: "chat-main" },
        h("div", { class: "msg-head" },
          !mine && h("span", { class: "msg-author" }, bot.name),
          h("time", { class: "muted" }, clock(activity.timestamp)),
          aiMade(activity) && h("span", { class: "badge" }, "AI generated"),
          streams && h("span", { class: "badge" }, "streaming"),
          edits > 0 && h("span", { class: "edits", title: "How often this message was edited in place" }, `edited ${edits}×`)),
        streams && activity.informative && h("div", { class: "informative" }, activity.informative),
        activity.text && h("div", { class: "bubble prose" }, mine || activity.textFormat === "plain" ? plainLines(activity.text) : markdown(activity.text)),
        (activity.attachments ?? []).map((attachment) => this.renderAttachment(activity, attachment)),
        streams && h("button", { type: "button", class: "btn stop", onclick: () => this.attempt(api.teamsStop(this.user)) }, "Stop")));
  }

  renderAttachment(activity, attachment) {
    if (attachment.contentType !== CARD) return h("div", { class: "bk-unsupported", role: "note" }, `unsupported attachment: ${attachment.contentType}`);
    const overlay = this.world.teams.overlays.get(`${activity.conversation}/${activity.id}`);
    return renderCard(overlay ?? attachment.content, {
      dark: isDark(),
      execute: (action, inputs) => this.press(activity.id, action, inputs),
      refuse: (what) => this.report(`This client does not do ${what}.`),
    });
  }

  isMine(activity) {
    return activity.from?.id !== this.world.teams.bot.id;
  }

  hear(activity, before) {
    if (activity.conversation !== this.conversation()) return;
    this.typing.hidden = true;
    const below = !holdScroll(this.list, () => this.place(activity, before));
    if (below && !before) this.pill.hidden = false;
  }

  place(activity, before) {
    this.list.querySelector(".empty")?.remove();
    const there = this.list.querySelector(`.chat[data-id="${CSS.escape(activity.id)}"]`);
    if (activity.deleted) return there?.remove();
    const next = this.renderOne(activity);
    if (there) {
      swap(there, next);
      if (before && activity.revision > before.revision) next.classList.add("is-edited");
      return;
    }
    next.classList.add("is-new");
    this.list.append(next);
  }

  redraw(activityId) {
    const activity = this.activities().find((a) => a.id === activityId);
    if (activity) holdScroll(this.list, () => this.place(activity, activity));
  }

  showTyping() {
    this.typing.textContent = `${this.world.teams.bot.name} is typing…`;
    this.typing.hidden = false;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => (this.typing.hidden = true), TYPING_MS);
  }

  jump() {
    this.list.scrollTo({ top: this.list.scrollHeight, behavior: "smooth" });
    this.pill.hidden = true;
  }

  async say(text) {
    this.list.scrollTop = this.list.scrollHeight;
    await this.attempt(api.teamsSay(this.user, text));
  }

  async ask({ text }) {
    await this.say(text);
  }

  async press(activityId, action, inputs) {
    const card = this.list.querySelector(`.chat[data-id="${CSS.escape(activityId)}"] .card`);
    card?.classList.add("is-busy");
    const answer = await this.attempt(api.teamsInvoke(this.user, activityId, action, inputs));
    card?.classList.remove("is-busy");
    if (answer?.type === "application/vnd.microsoft.error") this.report(answer.value?.message ?? "That did not work.");
    if (answer?.type === "application/vnd.microsoft.activity.message") this.report(String(answer.value), "is-note");
  }

  async attempt(promise) {
    try {
      return await promise;
    } catch (error) {
      this.report(error.message);
      return null;
    }
  }
}

function aiMade(activity) {
  return (activity.entities ?? []).some((entity) => entity.additionalType?.includes?.("AIGeneratedContent"));
}

function plainLines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}

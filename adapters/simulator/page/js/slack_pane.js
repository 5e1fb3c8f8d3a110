// The Slack-like side: sidebar, conversation with its threads inline, composer.

import * as api from "./api.js";
import { h, holdScroll, icon, isAtEnd, stickToEnd, swap } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { Dialogs } from "./slack_modal.js";
import { renderMessage } from "./slack_message.js";
import { Composer } from "./composer.js";

export class SlackPane {
  constructor(root, world, { report }) {
    this.root = root;
    this.world = world;
    this.report = report;
    this.user = "";
    this.channel = "";
    this.thread = null;
    this.unread = new Set();
    this.sidebar = h("nav", { class: "rail", "aria-label": "Channels" });
    this.title = h("h2", { class: "conv-title" });
    this.list = h("div", { class: "msgs", role: "log", "aria-live": "off", "aria-label": "Messages in Slack", tabindex: 0 });
    this.pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => this.jump() }, icon("down"), "New below");
    this.composer = new Composer({ label: "Message in Slack", send: (text) => this.say(text) });
    this.body = h("div", { class: "slack-body" }, this.sidebar,
      h("div", { class: "conv" }, h("div", { class: "conv-head" }, this.title), this.list, this.pill, this.composer.element));
    root.append(this.body);
    this.dialogs = new Dialogs(root);
    stickToEnd(this.list);
    this.list.addEventListener("scroll", () => isAtEnd(this.list) && (this.pill.hidden = true));
    world.on("slack.message", (message, before) => this.hear(message, before));
    world.on("slack.status", (status) => status.channel === this.channel && this.drawThread(status.thread_ts));
    world.on("slack.modal", (user) => user === this.user && this.drawModal());
  }

  /** Be this person. */
  become(user) {
    const changed = user !== this.user;
    this.user = user;
    if (changed || !this.channel) {
      this.thread = null;
      this.unread.clear();
      const kept = this.world.slack.channels.get(sessionStorage.getItem(`open-${user}`));
      this.channel = (this.joined().includes(kept) ? kept : this.direct() ?? this.channels()[0])?.id ?? "";
    }
    this.draw();
  }

  channels() {
    return this.joined().filter((channel) => !channel.is_im);
  }

  direct() {
    return this.joined().find((channel) => channel.is_im);
  }

  joined() {
    return [...this.world.slack.channels.values()].filter((channel) => channel.members.includes(this.user));
  }

  draw() {
    this.drawSidebar();
    this.drawTitle();
    this.list.replaceChildren(...this.threads().map((root) => this.renderThread(root)));
    if (!this.list.firstChild) this.list.append(this.welcome());
    this.list.scrollTop = this.list.scrollHeight;
    this.pill.hidden = true;
    this.aim();
    this.drawModal();
  }

  drawSidebar() {
    const entry = (channel, face, label) => {
      const here = channel.id === this.channel;
      return h("button", { type: "button", class: `rail-item${here ? " is-here" : ""}`, "aria-current": here ? "true" : undefined, onclick: () => this.open(channel.id) },
        face, h("span", {}, label), this.unread.has(channel.id) && h("span", { class: "dot", role: "img", "aria-label": "unread" }));
    };
    const direct = this.direct();
    this.sidebar.replaceChildren(
      h("div", { class: "rail-team" }, this.world.slack.team.name),
      h("div", { class: "rail-label" }, "Channels"),
      ...this.channels().map((channel) => entry(channel, icon("hash"), channel.name)),
      h("div", { class: "rail-label" }, "Direct messages"),
      direct ? entry(direct, icon("bot"), this.world.slack.bot.name) : "");
  }

  drawTitle() {
    const channel = this.world.slack.channels.get(this.channel);
    const name = channel?.is_im ? this.world.slack.bot.name : channel?.name ?? "";
    this.title.replaceChildren(icon(channel?.is_im ? "bot" : "hash"), name);
  }

  welcome() {
    const channel = this.world.slack.channels.get(this.channel);
    return h("div", { class: "empty" }, icon(channel?.is_im ? "bot" : "hash"),
      h("p", {}, channel?.is_im ? `Ask ${this.world.slack.bot.name} anything about IT, or click a question above.` : `Nobody has asked in #${channel?.name ?? ""} yet.`));
  }

  open(channelId) {
    this.channel = channelId;
    sessionStorage.setItem(`open-${this.user}`, channelId);
    this.thread = null;
    this.unread.delete(channelId);
    this.draw();
  }

  /** Return the messages to show here: what is in the channel, what is whispered to us. */
  visible() {
    const { slack } = this.world;
    const whispers = [...(slack.ephemerals.get(this.user)?.values() ?? [])].filter((m) => m.channel === this.channel);
    return [...(slack.messages.get(this.channel)?.values() ?? []), ...whispers.map((m) => ({ ...m, ephemeral: true }))]
      .sort((a, b) => Number(a.ts) - Number(b.ts));
  }

  threads() {
    const roots = new Set();
    for (const message of this.visible()) roots.add(message.thread_ts || message.ts);
    return [...roots].sort((a, b) => Number(a) - Number(b));
  }

  renderThread(rootTs) {
    const all = this.visible().filter((message) => (message.thread_ts || message.ts) === rootTs);
    const replies = all.filter((message) => message.ts !== rootTs);
    const root = all.find((message) => message.ts === rootTs);
    const status = this.world.slack.statuses.get(`${this.channel}/${rootTs}`);
    return h("section", { class: `thread${this.thread === rootTs ? " is-aimed" : ""}`, dataset: { root: rootTs } },
      root && this.renderOne(root),
      h("div", { class: `replies${replies.length ? "" : " is-empty"}` },
        replies.map((message) => this.renderOne(message)),
        status?.status && h("div", { class: "typing" }, `${this.world.slack.bot.name} ${status.status}`,
          status.session === "processing" && h("button", { type: "button", class: "stop-btn", onclick: () => this.stop(rootTs) }, "Stop")),
        h("button", { type: "button", class: "reply-btn", onclick: () => this.aim(rootTs, true) }, icon("reply"), "Reply in thread")));
  }

  renderOne(message) {
    return renderMessage(message, {
      slack: this.world.slack,
      confirm: (question) => this.dialogs.confirm(question),
      press: (part, blockId) => this.press(message, part, blockId),
    });
  }

  async press(message, part, blockId) {
    const answer = await this.attempt(api.slackClick(this.user, message.channel, message.ts, part.action_id, blockId));
    if (answer && !answer.ok) this.report(`The app did not answer the click (${answer.reason || answer.status}). Click again.`);
  }

  hear(message, before) {
    if (message.ephemeral && message.user !== this.user) return;
    if (message.channel !== this.channel) {
      if (!before && message.bot_id && this.direct()?.id === message.channel) {
        this.unread.add(message.channel);
        this.drawSidebar();
      }
      return;
    }
    const below = !holdScroll(this.list, () => this.place(message, before));
    if (below && !before) this.pill.hidden = false;
  }

  /** Draw one message anew, or add it, touching nothing else. */
  place(message, before) {
    this.list.querySelector(".empty")?.remove();
    const there = this.list.querySelector(`.msg[data-ts="${CSS.escape(message.ts)}"]`);
    if (before && there && message.op !== "deleted") {
      const next = this.renderOne(message);
      swap(there, next);
      if ((message.revision ?? 1) > (before.revision ?? 1)) next.classList.add("is-edited");
      return;
    }
    this.drawThread(message.thread_ts || message.ts);
    if (message.op !== "deleted") this.list.querySelector(`.msg[data-ts="${CSS.escape(message.ts)}"]`)?.classList.add("is-new");
  }

  drawThread(rootTs) {
    const there = this.list.querySelector(`.thread[data-root="${CSS.escape(rootTs)}"]`);
    const gone = !this.visible().some((message) => (message.thread_ts || message.ts) === rootTs);
    if (gone) return there?.remove();
    const next = this.renderThread(rootTs);
    if (there) return swap(there, next);
    const after = [...this.list.children].find((other) => Number(other.dataset.root) > Number(rootTs));
    this.list.insertBefore(next, after ?? null);
  }

  jump() {
    this.list.scrollTo({ top: this.list.scrollHeight, behavior: "smooth" });
    this.pill.hidden = true;
  }

  /** Point the composer at a thread, or at the conversation. */
  aim(rootTs = null, focus = false) {
    this.thread = rootTs;
    for (const thread of this.list.querySelectorAll(".thread")) thread.classList.toggle("is-aimed", thread.dataset.root === rootTs);
    const channel = this.world.slack.channels.get(this.channel);
    const place = channel?.is_im ? this.world.slack.bot.name : `#${channel?.name ?? ""}`;
    const root = rootTs && this.visible().find((message) => message.ts === rootTs);
    this.composer.aim(rootTs ? "Reply in the thread" : `Message ${place}`, rootTs ? { label: root ? this.inWords(root) : "thread", leave: () => this.aim(null, true) } : null);
    if (focus) this.composer.focus();
  }

  /** Send what was typed; in a channel the bot must be named, so we name it. */
  async say(text) {
    const { slack } = this.world;
    const name = `@${slack.bot.name}`;
    const inChannel = !slack.channels.get(this.channel)?.is_im;
    const typed = inChannel && !text.toLowerCase().includes(name.toLowerCase()) ? `${name} ${text}` : text;
    this.list.scrollTop = this.list.scrollHeight;
    return this.attempt(api.slackSay(this.user, this.channel, typed, this.thread));
  }

  /** Ask a suggested question where it belongs. */
  async ask({ text, where, follows }) {
    const place = where === "channel" ? this.channels()[0] : this.direct();
    if (place && place.id !== this.channel && !follows) this.open(place.id);
    this.aim(follows ? this.lastAsked() : null);
    await this.say(text);
    this.aim(null);
  }

  stop(rootTs) {
    return this.attempt(api.slackStop(this.user, this.channel, rootTs));
  }

  inWords(message) {
    return mrkdwn(message.text, this.world.slack).textContent;
  }

  lastAsked() {
    const mine = this.visible().filter((message) => message.user === this.user && !message.bot_id && !message.ephemeral);
    const last = mine.at(-1);
    return last ? last.thread_ts || last.ts : null;
  }

  async attempt(promise) {
    try {
      return await promise;
    } catch (error) {
      this.report(error.message);
      return null;
    }
  }

  drawModal() {
    const view = this.world.slack.modals.get(this.user)?.at(-1);
    if (!view) return this.dialogs.viewHash && this.dialogs.hide();
    this.dialogs.showView(view, {
      names: { users: this.world.slack.users, channels: this.world.slack.channels },
      submit: async (values, showErrors) => {
        const answer = await this.attempt(api.slackSubmit(this.user, view.id, values));
        if (answer?.errors) showErrors(answer.errors);
        if (answer && !answer.ok && !answer.response_action) this.report("The app did not take that. Try again.");
      },
      close: () => this.attempt(api.slackClose(this.user, view.id)),
    });
  }
}

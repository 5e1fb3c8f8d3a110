// One message of the Slack-like side.

import { renderBlocks } from "./blockkit.js";
import { avatar, clock, h, icon } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { emoji } from "./emoji.js";

/** Return a message as an element; `press(part, blockId)` is called for its buttons. */
export function renderMessage(message, { slack, press, confirm }) {
  const byBot = Boolean(message.bot_id) || message.ephemeral;
  const author = byBot ? slack.bot.name : slack.users.get(message.user)?.name ?? message.user;
  const names = { users: slack.users, channels: slack.channels };
  const edits = Math.max(0, (message.revision ?? 1) - 1);
  return h("article",
    { class: `msg${byBot ? " by-bot" : ""}${message.ephemeral ? " is-whisper" : ""}${message.stream === "open" ? " is-streaming" : ""}`, dataset: { ts: message.ts }, "aria-label": `${author}: ${mrkdwn(message.text ?? "", names).textContent}` },
    avatar(author, { bot: byBot }),
    h("div", { class: "msg-main" },
      message.ephemeral && h("div", { class: "msg-whisper" }, icon("eye"), "Only visible to you"),
      h("div", { class: "msg-head" },
        h("span", { class: "msg-author" }, author),
        byBot && h("span", { class: "badge" }, "APP"),
        h("time", { class: "muted" }, clock(Number(message.ts) * 1000)),
        byBot && edits > 0 && h("span", { class: "edits", title: "How often this message was edited in place" }, `edited ${edits}×`)),
      h("div", { class: "msg-body" },
        message.blocks?.length
          ? renderBlocks(message.blocks, { names, press, confirm })
          : h("div", { class: "bk-text" }, mrkdwn(message.text ?? "", names))),
      message.stream === "expired" && h("div", { class: "stream-error", role: "note" }, icon("cross"), "Something went wrong with this message"),
      message.reactions?.length > 0 && h("div", { class: "reactions" }, message.reactions.map((reaction) =>
        h("span", { class: "reaction" }, `${emoji(reaction.name)} ${reaction.count ?? reaction.users.length}`)))));
}

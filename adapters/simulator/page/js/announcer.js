// Reads new messages out, once; a message that is being edited, when it comes to rest.

import { mrkdwn } from "./mrkdwn.js";

const QUIET_MS = 2000;

export class Announcer {
  constructor(root, world, cast) {
    this.root = root;
    this.waiting = new Map();
    world.on("slack.message", (message) => {
      const person = world.person(cast.chosen.slack);
      const channel = world.slack.channels.get(message.channel);
      if (!message.bot_id && !message.ephemeral) return;
      if (message.op !== "deleted" && channel?.members.includes(person?.slack)) this.hear(message.ts, `Slack: ${mrkdwn(message.text, world.slack).textContent}`);
    });
    world.on("teams.activity", (activity) => {
      const user = world.teams.users.get(world.person(cast.chosen.teams)?.teams);
      if (activity.deleted || activity.from?.id !== world.teams.bot.id) return;
      if (activity.conversation === user?.conversation) this.hear(activity.id, `Teams: ${activity.summary || activity.text}`);
    });
  }

  hear(id, text) {
    clearTimeout(this.waiting.get(id));
    this.waiting.set(id, setTimeout(() => {
      this.waiting.delete(id);
      this.root.textContent = text;
    }, QUIET_MS));
  }
}

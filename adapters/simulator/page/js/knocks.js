// Somebody you are not playing right now got a message: say so, one click away.

import { h } from "./dom.js";

export class Knocks {
  constructor(roots, world, cast, { visit }) {
    this.roots = roots;
    this.world = world;
    this.cast = cast;
    this.visit = visit;
    this.waiting = { slack: new Map(), teams: new Map() };
    world.on("slack.message", (message, before) => {
      if (before || !message.bot_id || message.op === "deleted" || message.ephemeral) return;
      const channel = world.slack.channels.get(message.channel);
      if (channel?.is_im) channel.members.forEach((user) => this.hear("slack", user));
    });
    world.on("teams.activity", (activity, before) => {
      if (before || activity.deleted || activity.from?.id !== world.teams.bot.id) return;
      const user = [...world.teams.users.values()].find((u) => u.conversation === activity.conversation);
      if (user) this.hear("teams", user.id);
    });
    world.on("loaded", () => {
      this.waiting = { slack: new Map(), teams: new Map() };
    });
  }

  hear(side, account) {
    const person = this.world.people.find((p) => p[side] === account);
    if (!person) return;
    if (this.cast.chosen[side] === person.id) {
      this.markTab(side);
      return;
    }
    this.waiting[side].set(person.id, (this.waiting[side].get(person.id) ?? 0) + 1);
    this.draw();
  }

  markTab(side) {
    const tab = document.querySelector(`[role=tab][data-tab="${side}"]`);
    tab?.classList.toggle("has-news", document.body.dataset.tab !== side);
    tab?.addEventListener("click", () => tab.classList.remove("has-news"), { once: true });
  }

  draw() {
    for (const side of ["slack", "teams"]) {
      this.waiting[side].delete(this.cast.chosen[side]);
      this.roots[side].replaceChildren(...[...this.waiting[side]].map(([id, count]) => {
        const name = this.world.person(id).name;
        return h("button", { type: "button", class: "knock", "aria-label": `${count} new for ${name}: be ${name}`, onclick: () => this.go(side, id) },
          h("span", {}, `For ${name.split(" ")[0]}`), h("b", {}, count));
      }));
      if (this.waiting[side].size) this.markTab(side);
    }
  }

  go(side, id) {
    this.cast.choose(side, id);
    this.visit(side);
  }
}

// What both stand-ins hold, as told by one snapshot and every change after it.
// Applying the same change twice does nothing.

/** Holds the state; `changes` are heard by whoever draws. */
export class World {
  constructor() {
    this.seq = 0;
    this.boot = "";
    this.listeners = new Map();
  }

  /** Start over from the server's whole state. */
  load(state) {
    this.seq = state.seq;
    this.boot = state.boot;
    this.company = state.company;
    this.people = state.people;
    this.scenes = state.scenes;
    this.suggestions = state.suggestions;
    this.weather = state.weather;
    this.slack = slackFrom(state.slack);
    this.teams = teamsFrom(state.teams);
    this.emit("loaded");
  }

  /** Apply one change of the journal, unless it is already in. */
  apply(change) {
    if (change.seq <= this.seq) return;
    this.seq = change.seq;
    const apply = Object.hasOwn(CHANGES, change.kind) ? CHANGES[change.kind] : null;
    if (apply) apply(this, change.body, change);
    else this.emit("wire", change);
  }

  on(name, hear) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), hear]);
  }

  emit(name, ...details) {
    for (const hear of this.listeners.get(name) ?? []) hear(...details);
  }

  person(id) {
    return this.people.find((person) => person.id === id);
  }
}

const CHANGES = {
  "slack.message"(world, body) {
    const messages = bucket(world.slack.messages, body.channel, () => new Map());
    const before = messages.get(body.ts);
    if (body.op === "deleted" || body.deleted) messages.delete(body.ts);
    else messages.set(body.ts, body);
    world.emit("slack.message", body, before);
  },
  "slack.ephemeral"(world, body) {
    const whispers = bucket(world.slack.ephemerals, body.user, () => new Map());
    if (body.op === "gone") whispers.delete(body.ts);
    else whispers.set(body.ts, body);
    world.emit("slack.message", { ...body, ephemeral: true }, null);
  },
  "slack.status"(world, body) {
    world.slack.statuses.set(`${body.channel}/${body.thread_ts}`, body);
    world.emit("slack.status", body);
  },
  "weather"(world, body) {
    world.weather.now = body.now;
    world.emit("weather");
  },
  "slack.modal"(world, body) {
    const stack = (world.slack.modals.get(body.user) ?? []).filter((view) => view.id !== body.view.id);
    world.slack.modals.set(body.user, body.op === "closed" ? stack : [...stack, body.view]);
    world.emit("slack.modal", body.user);
  },
  "teams.activity"(world, body) {
    const activities = bucket(world.teams.messages, body.conversation, () => new Map());
    const before = activities.get(body.id);
    if (body.deleted) activities.delete(body.id);
    else activities.set(body.id, body);
    world.emit("teams.activity", body, before);
  },
  "teams.overlay"(world, body) {
    const key = `${body.conversation}/${body.activity}`;
    if (body.card) world.teams.overlays.set(key, body.card);
    else world.teams.overlays.delete(key);
    world.emit("teams.overlay", body);
  },
  "teams.typing"(world, body) {
    world.emit("teams.typing", body);
  },
};

function slackFrom(snapshot) {
  return {
    team: snapshot.team,
    bot: snapshot.bot,
    users: new Map([...snapshot.users.map((user) => [user.id, user]), [snapshot.bot.user_id ?? snapshot.bot.id, snapshot.bot]]),
    channels: new Map(snapshot.channels.map((channel) => [channel.id, channel])),
    messages: new Map(Object.entries(snapshot.messages ?? {}).map(([channel, messages]) =>
      [channel, new Map(messages.filter((m) => !m.deleted).map((m) => [m.ts, m]))])),
    ephemerals: new Map(Object.entries(snapshot.ephemerals ?? {}).map(([user, list]) => [user, new Map(list.map((m) => [m.ts, m]))])),
    modals: new Map(Object.entries(snapshot.modals ?? {})),
    statuses: new Map([snapshot.statuses ?? []].flat().filter((s) => s?.channel).map((s) => [`${s.channel}/${s.thread_ts}`, s])),
  };
}

function teamsFrom(snapshot) {
  const messages = new Map();
  for (const activity of snapshot.messages) {
    if (!activity.deleted) bucket(messages, activity.conversation, () => new Map()).set(activity.id, activity);
  }
  return {
    tenant: snapshot.tenant,
    bot: snapshot.bot,
    users: new Map(snapshot.users.map((user) => [user.id, user])),
    messages,
    overlays: new Map((snapshot.overlays ?? []).map((o) => [`${o.conversation}/${o.activity}`, o.card])),
  };
}

function bucket(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

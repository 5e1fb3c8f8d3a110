// What a person does, sent to the demo's server.

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(`/demo/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The demo does not answer. Is it still running in your terminal?");
  }
  const said = await answer.json().catch(() => ({ error: `The demo answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(said.error);
  return said.result;
}

export const state = async () => {
  const answer = await fetch("/demo/api/state", { cache: "no-store" });
  if (!answer.ok) throw new Error(`The demo answered ${answer.status}.`);
  return answer.json();
};
export const slackSay = (user, channel, text, threadTs) =>
  post("slack/say", { user, channel, text, thread_ts: threadTs ?? null });
export const slackClick = (user, channel, ts, actionId, blockId) =>
  post("slack/click", { user, channel, ts, action_id: actionId, block_id: blockId ?? null });
export const slackSubmit = (user, viewId, values) => post("slack/view/submit", { user, view_id: viewId, values });
export const slackClose = (user, viewId) => post("slack/view/close", { user, view_id: viewId });
export const slackStop = (user, channel, threadTs) => post("slack/stop", { user, channel, thread_ts: threadTs });
export const teamsSay = (user, text) => post("teams/say", { user, text });
export const teamsInvoke = (user, activityId, action, inputs) =>
  post("teams/invoke", { user, activity_id: activityId, action, inputs });
export const teamsStop = (user) => post("teams/stop", { user });
export const kill = () => post("kill", {});
export const weather = (profile) => post("weather", { profile });

"""Slack: signed webhooks in, Block Kit messages out.

* `signature`, `ingress`: the HTTP routes; verify, parse, commit, then answer 200
* `parse`: payloads to `bot.protocol.inbound` values, pure
* `render`, `blocks`, `escape`: a `TurnView` to a message within Slack's limits, pure
* `limits`, `lanes`: Slack's numbers, and the budgets made of them
* `client`, `failures`: the Web API behind `bot.ports.surface.Platform`
* `modal`, `wording`: the form that asks for a reason; sentences only Slack needs
"""

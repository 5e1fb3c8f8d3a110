"""Whether the Slack manifest is valid and fits the adapter: no more, no less.

Source: https://docs.slack.dev/reference/app-manifest and the page of each method and
event, which names the scopes it needs.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapters.slack.ingress import PATH

LENGTHS: Mapping[tuple[str, ...], int] = {
    ("display_information", "name"): 35,
    ("display_information", "description"): 140,
    ("features", "bot_user", "display_name"): 80,
    ("features", "agent_view", "agent_description"): 300,
}
"""Characters at most; each must be there."""

METHOD_SCOPES: Mapping[str, frozenset[str]] = {
    "agents.sessions.setStatus": frozenset({"chat:write"}),
    "assistant.threads.setStatus": frozenset({"chat:write"}),
    "auth.test": frozenset(),
    "chat.appendStream": frozenset({"chat:write"}),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.startStream": frozenset({"chat:write"}),
    "chat.stopStream": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": frozenset(
        {"channels:history", "groups:history", "im:history"}
    ),
    "conversations.open": frozenset({"im:write"}),
    "conversations.replies": frozenset(
        {"channels:history", "groups:history", "im:history"}
    ),
    "users.info": frozenset({"users:read", "users:read.email"}),
    "users.lookupByEmail": frozenset({"users:read.email"}),
    "views.open": frozenset(),
}
"""Scopes of each method that the adapter may call, for where it calls it."""

EVENT_SCOPES: Mapping[str, frozenset[str]] = {
    "agent_session_stopped": frozenset(),
    "app_home_opened": frozenset(),
    "app_mention": frozenset({"app_mentions:read"}),
    "message.im": frozenset({"im:history"}),
}
"""Scopes of each event that the app may subscribe to."""

_METHOD = re.compile(r"[a-z]+\.[a-zA-Z.]+")
_URL = f"https://HOST{PATH}"


def slack_problems(root: Path) -> Iterator[str]:
    """Yield what is wrong with ``deploy/slack/manifest.json``."""
    text = (root / "deploy" / "slack" / "manifest.json").read_text("utf-8")
    manifest: dict[str, Any] = json.loads(text)
    for place, most in LENGTHS.items():
        value = _at(manifest, place)
        if not value or len(value) > most:
            yield f"{'.'.join(place)} must have 1 to {most} characters"
    settings: dict[str, Any] = manifest["settings"]
    yield from _settings(settings)
    handled = handled_events(root / "adapters" / "slack" / "ingress.py")
    events: list[str] = settings["event_subscriptions"]["bot_events"]
    for event in events:
        if event.partition(".")[0] not in handled:
            yield f"event {event} has no listener in adapters/slack/ingress.py"
    heard = {event.partition(".")[0] for event in events} | {"message"}
    for event in sorted(handled - heard):
        yield f"event {event} is listened for, but not subscribed to"
    yield from _scopes(root, manifest, events)


def handled_events(ingress: Path) -> set[str]:
    """Return the events that a listener is registered for: ``(app.event, NAME, …)``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(ingress.read_text("utf-8"))):
        match node:
            case ast.Tuple(
                elts=[ast.Attribute(attr="event"), ast.Constant(value=str() as name), _]
            ):
                found.add(name)
            case _:
                pass
    return found


def called_methods(folder: Path) -> set[str]:
    """Return the Web API methods that the adapter calls: ``….write(METHOD, …)``."""
    found: set[str] = set()
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="read" | "write"), args=[name]):
                    found |= {
                        part.value
                        for part in ast.walk(name)
                        if isinstance(part, ast.Constant)
                        and isinstance(part.value, str)
                        and _METHOD.fullmatch(part.value)
                    }
                case _:
                    pass
    return found


def _settings(settings: dict[str, Any]) -> Iterator[str]:
    for what in ("event_subscriptions", "interactivity"):
        if settings[what].get("request_url") != _URL:
            yield f"{what}.request_url must be {_URL}, where the bot listens"
    if settings["interactivity"].get("is_enabled") is not True:
        yield "interactivity is off: no button would work"
    for what in ("socket_mode_enabled", "token_rotation_enabled", "org_deploy_enabled"):
        if settings.get(what) is not False:
            yield f"{what} must be false: this release does not support it"


def _scopes(root: Path, manifest: dict[str, Any], events: list[str]) -> Iterator[str]:
    methods = called_methods(root / "adapters" / "slack")
    for unknown in sorted(methods - METHOD_SCOPES.keys()):
        yield f"{unknown}: say in METHOD_SCOPES which scopes it needs"
    for unknown in sorted(set(events) - EVENT_SCOPES.keys()):
        yield f"{unknown}: say in EVENT_SCOPES which scopes it needs"
    needed: set[str] = set()
    needed.update(*(METHOD_SCOPES.get(method, frozenset()) for method in methods))
    needed.update(*(EVENT_SCOPES.get(event, frozenset()) for event in events))
    if "agent_view" in manifest["features"]:
        needed.add("assistant:write")
    asked = set(manifest["oauth_config"]["scopes"]["bot"])
    yield from (f"scope {scope} is missing" for scope in sorted(needed - asked))
    yield from (f"scope {scope} is for nothing" for scope in sorted(asked - needed))


def _at(document: Mapping[str, Any], place: tuple[str, ...]) -> str:
    *groups, key = place
    found: Any = document
    for group in groups:
        found = found.get(group, {})
    value = found.get(key)
    return value if isinstance(value, str) else ""

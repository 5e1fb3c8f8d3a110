"""The red team on records in memory, to take guards away that work before any platform.

With every guard nothing is found; without one of them the same checks find it, each in
as many attacks as it is there for. `test_red_team` plays them through the whole bot.
"""

from collections import Counter

import pytest
from pydantic import JsonValue

from adapters.slack import escape, render
from agents import loop
from agents.models import wire
from agents.models.enclosure import BEGIN, END
from bot.ports.agent import Allowed, Call, Ruling
from tests.support.attacks import WHERE, injections
from tests.support.injections import attacked, swapped
from tests.support.pages import page

ALL = injections()


def test_there_are_enough_and_of_every_kind():
    assert len(ALL) >= 60
    assert len({attack.id for attack in ALL}) == len(ALL)
    assert min(Counter(attack.where for attack in ALL)[w] for w in WHERE) >= 5
    assert f"{len(ALL)} injections" in page("docs/security.md")


async def test_with_every_guard_nothing_is_found_and_the_text_reaches_the_model():
    for attack in ALL:
        played = await attacked(attack, hostile=True)
        assert played.model and played.model.seen, attack.id
        assert not attack.calls or played.tried > len(attack.calls), attack.id
        assert played.findings() == [], attack.id
        assert await swapped(played) == [], attack.id


async def found_by(want: str) -> int:
    """Return in how many attacks the checks find something with ``want`` in it."""
    found = [(await attacked(attack, hostile=True)).findings() for attack in ALL]
    return sum(any(want in finding for finding in some) for some in found)


async def test_without_policy_forbidden_effects_are_found(
    monkeypatch: pytest.MonkeyPatch,
):
    usual = loop.AgentsOf.rule

    async def yes(agents: loop.AgentsOf, call: Call) -> Ruling:
        known = agents.spec(call.name)
        if known and known.handoff_to:  # or they would hand over for ever
            return await usual(agents, call)
        return Allowed()

    monkeypatch.setattr(loop.AgentsOf, "rule", yes)
    assert await found_by("that nobody approved") >= 25


async def test_without_redaction_leaks_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "without_secrets", lambda result: result)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - as it is
    assert await found_by("is kept or shown") == sum(bool(a.secrets) for a in ALL)


async def test_without_marks_what_stands_outside_is_found(
    monkeypatch: pytest.MonkeyPatch,
):
    def naive(content: JsonValue) -> str:
        return f"{BEGIN}\n{content}\n{END}"

    monkeypatch.setattr(wire, "enclosed", naive)
    assert await found_by("outside of the marks") >= 5


async def test_without_escaping_broadcasts_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(escape, "mrkdwn", lambda text: text)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - as it is
    assert render.escape is escape
    assert await found_by("Slack shows what is not harmless") >= 8


async def test_without_the_check_of_what_was_approved_another_call_runs(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(loop, "_is_another", lambda *_: False)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - as it is
    ran = [await swapped(await attacked(attack, hostile=True)) for attack in ALL]
    assert sum(map(bool, ran)) >= 10

from typing import Any

import pytest

from adapters.simulator.teams.cards import inspect_card

Json = dict[str, Any]


def card(*body: Json, **more: object) -> Json:
    return {"type": "AdaptiveCard", "version": "1.5", "body": list(body), **more}


def execute(verb: str, **more: object) -> Json:
    return {"type": "Action.Execute", "title": verb, "verb": verb, **more}


SOUND = card(
    {"type": "TextBlock", "text": "Approve?", "wrap": True},
    {
        "type": "ColumnSet",
        "columns": [{"type": "Column", "items": [{"type": "Image", "url": "u"}]}],
    },
    {"type": "Input.Text", "id": "reason", "isMultiline": True},
    {
        "type": "Input.ChoiceSet",
        "id": "who",
        "choices": [{"title": "A", "value": "a"}],
    },
    {
        "type": "Table",
        "columns": [{"width": 1}],
        "rows": [{"type": "TableRow", "cells": [{"type": "TableCell", "items": []}]}],
    },
    actions=[execute("approve", data={"type": "anything", "id": "reason"})],
)


def test_a_sound_card_has_nothing_wrong_with_it():
    found = inspect_card(SOUND)
    assert (found.problems, found.warnings) == ((), ())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (card(version="1.6"), "newer than Teams' 1.5"),
        (card(version="2.0"), "newer than Teams' 1.5"),
        (card(version=None), "not like '1.5'"),
        (card({"type": "Accordion"}), "'Accordion'"),
        (card({"type": "Container", "items": [{"type": "Txt"}]}), "'Txt'"),
        (card(actions=[{"type": "Action.Http"}]), "'Action.Http'"),
        (card(actions=[execute("x", data="text")]), "not an object"),
        (card({"type": "Input.Text"}), "no id"),
        (
            card({"type": "Input.Text", "id": "a"}, {"type": "Input.Date", "id": "a"}),
            "two",
        ),
        (card(refresh={"action": execute("r"), "userIds": ["u"] * 61}), "61 users"),
        ({"type": "HeroCard", "version": "1.5"}, "not 'AdaptiveCard'"),
        ("text", "not an object"),
    ],
)
def test_a_card_that_teams_would_not_show_is_a_problem(broken: object, said: str):
    problems = inspect_card(broken).problems
    assert len(problems) == 1
    assert said in problems[0]


def test_an_unknown_element_with_a_fallback_is_no_problem():
    unknown = {"type": "Hologram", "fallback": {"type": "TextBlock", "text": "flat"}}
    assert inspect_card(card(unknown)).problems == ()


def test_an_input_in_a_card_behind_a_button_counts_too():
    inner = card({"type": "Input.Text", "id": "reason"})
    show = {"type": "Action.ShowCard", "title": "More", "card": inner}
    outer = card({"type": "Input.Text", "id": "reason"}, actions=[show])
    assert inspect_card(outer).problems == ("two inputs have the id 'reason'",)


def test_more_than_six_primary_actions_are_a_warning():
    assert inspect_card(card(actions=[execute("a")] * 6)).warnings == ()
    seven = inspect_card(card(actions=[execute("a")] * 7))
    assert (seven.problems, len(seven.warnings)) == ((), 1)
    secondary = [execute("a", mode="secondary")]
    assert inspect_card(card(actions=[execute("a")] * 6 + secondary)).warnings == ()


def test_a_newer_element_without_a_fallback_is_a_warning():
    found = inspect_card(card({"type": "Badge", "text": "new"}))
    assert (found.problems, len(found.warnings)) == ((), 1)

"""What a model is told is a pure function of the log: recorded logs, recorded requests."""

import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.wire import messages_for
from bot.engine.question import question_for
from bot.engine.shortening import TURN_TOKENS
from bot.protocol import events as ev
from bot.protocol.ids import PersonId
from bot.protocol.values import PastTurn, StopReason
from bot.turn.recall import HISTORY_TOKENS, extract, fold_of, tokens_in
from bot.turn.state import ROOT
from tests.support.asked_logs import CASES, ask, logged, reply, requests_of
from tests.support.golden import assert_golden, read_golden
from tests.support.stories import Story
from tests.support.turns import NOW, STARTED


@pytest.mark.parametrize("case", CASES)
def test_a_log_leads_to_the_request_that_was_recorded(case: str) -> None:
    name = f"context/{case}.json"
    if os.environ.get("DESKHAND_UPDATE_GOLDEN"):
        log: Any = logged(CASES[case]())
        assert_golden(name, {"log": log, "requests": requests_of(log)})
    recorded: Any = read_golden(name)
    assert requests_of(recorded["log"]) == recorded["requests"]
    for messages in recorded["requests"].values():
        assert_valid(messages)


# --------------------------------------------------------------- whatever the log is


def assert_valid(messages: list[Any], *, paused: bool = False) -> None:
    """Assert what the Messages API insists on."""
    roles = [message["role"] for message in messages]
    assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
    assert paused or roles[-1] == "user"
    owed: list[str] = []
    for message in messages:
        blocks = message["content"]
        assert blocks, "no message is empty"
        assert all(b["text"].strip() for b in blocks if b["type"] == "text")
        results = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        assert results == owed, "every call is answered right behind it, and no other"
        leading = [block["type"] for block in blocks[: len(results)]]
        assert leading == ["tool_result"] * len(results), "results come first"
        owed = [b["id"] for b in blocks if b["type"] == "tool_use"]
    assert owed == []
    marked = [b for m in messages for b in m["content"] if "cache_control" in b]
    assert len(marked) <= 3, "the fourth mark is at the end of the prompt"


texts = st.sampled_from(["", "  ", "Well.", "word " * 800])
pasts = st.builds(
    PastTurn,
    asked=texts,
    answered=texts,
    person_id=st.sampled_from(["", "p0", "p7"]).map(PersonId),
    at=st.just(NOW),
    ended_at=st.none() | st.just(NOW),
    status=st.sampled_from([None, "parked", "completed", "failed", "cancelled"]),
)
Step = tuple[str, StopReason, list[tuple[str, int]], bool]
steps: st.SearchStrategy[Step] = st.tuples(
    texts,
    st.sampled_from(["end_turn", "max_tokens", "pause_turn", "tool_use"]),
    st.lists(
        st.tuples(
            st.sampled_from(["done", "unknown", "denied", "lost"]),
            st.sampled_from([10, 30_000]),
        ),
        max_size=3,
    ),
    st.booleans(),
)


def lived(story: Story, number: int, step: Step) -> Story:
    """Let a reply happen, and what came of its calls."""
    text, stop, outcomes, _ = step
    names = [f"f1-{number}-{n}" for n in range(len(outcomes))]
    for name in names:
        story = story.wants(name, "It")
    story = reply(story, number, text, *names, stop="tool_use" if names else stop)
    for name, (outcome, length) in zip(names, outcomes, strict=True):
        match outcome:
            case "denied":
                story = story.denies(name, "No.")
            case "lost":
                pass
            case _:
                result = {"found": "y" * length, "reference": "IT-7"}
                story = story.starts(name)
                story = story.finishes(
                    name,
                    outcome="done" if outcome == "done" else "unknown",
                    result=result,
                )
    return story


@given(st.lists(pasts, max_size=40), st.lists(steps, max_size=10))
def test_any_log_is_a_transcript_that_the_api_takes_within_the_budget(
    history: list[PastTurn], happened: list[Step]
) -> None:
    turns = [p.model_copy(update={"turn_id": f"t{n}"}) for n, p in enumerate(history)]
    started = STARTED.model_copy(update={"history": tuple(turns)})
    story = Story(started)
    fold = fold_of(story.state)
    story = story.tell(
        ev.ModelAsked(
            frame_id=ROOT, ask=1, model="m", summary=extract(fold) if fold else None
        )
    )
    steers = 0
    for number, step in enumerate(happened, start=1):
        _, stop, outcomes, adds = step
        # A reply that ends is followed by a question only if there is something new.
        if adds or (not outcomes and stop in {"end_turn", "tool_use"}):
            story, steers = story.tell(ev.TurnSteered(text="more")), steers + 1
        story = ask(lived(story, number, step), number + 1, steers=steers)
    question = question_for(story.state, ROOT)
    messages: list[Any] = [
        {**m}
        for m in messages_for(question.messages, earlier=question.earlier, current="x")
    ]
    paused = bool(happened) and not happened[-1][2]
    assert_valid(messages, paused=paused and happened[-1][1] == "pause_turn")
    [*_, newest] = [step[2] for step in happened] or [[]]
    last = sum(length for _, length in newest)
    room = 3 * HISTORY_TOKENS + TURN_TOKENS + last
    assert tokens_in(json.dumps(messages)) <= room

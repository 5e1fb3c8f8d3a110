"""What readers saw is taken from the journal, and judged as the issue says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.simulator.bench.delivery.answers import answer_of
from adapters.simulator.bench.delivery.readers import Readers
from adapters.simulator.bench.delivery.scores import Played, judged
from adapters.simulator.bench.pacing.scores import NEVER
from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.journal import Change
from bot.view.wording import ANSWER_TO_COME

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TURN = Trace(
    name="t",
    start=0.0,
    steps=(0.4, 1.0),
    said=((1.0, 5), (2.0, 10), (3.0, 15), (4.0, 20)),
)
ANSWER = answer_of(TURN)
HALF = ANSWER.text[:10]
STOP = {"type": "button", "action_id": "turn.stop", "text": "Stop"}


def change(at: float, kind: str, **body: Any) -> Change:  # noqa: ANN401
    return Change(1, NOON + timedelta(seconds=at), kind, body)


def slack(at: float, text: str, *more: dict[str, Any], **body: Any) -> Change:  # noqa: ANN401
    blocks = [{"type": "markdown", "text": text}, *more]
    said = {"op": "edited", "ts": "2", "thread_ts": "1", "bot_id": "B", "stream": None}
    return change(at, "slack.message", text="", blocks=blocks, **{**said, **body})


def call(status: int = 200, method: str = "chat.update") -> Change:
    return change(0, "api", platform="slack", method=method, status=status)


def watched(*changes: Change) -> Readers:
    readers = Readers.watching([("1", ANSWER)])
    readers.read(changes)
    return readers


def test_a_reader_sees_their_own_thread_and_when():
    readers = watched(
        slack(1, ANSWER.text, thread_ts="another"),
        slack(1, "Hello", bot_id=None),
        slack(2, "Working on it", STOP),
        slack(3, HALF, STOP),
    )
    reader = readers.of["1"]
    start = NOON.timestamp()
    assert reader.shown == [(start + 2, 0), (start + 3, 8)]
    assert reader.ended is None and not readers.content


@pytest.mark.parametrize(
    ("last", "ended"),
    [
        (slack(5, ANSWER.text), True),
        (slack(5, ANSWER.text, STOP), False),
        (slack(5, ANSWER.text, stream="open"), False),
        (slack(5, ANSWER.text, stream="stopped"), True),
        (slack(5, HALF), False),
    ],
)
def test_an_end_is_a_whole_answer_under_which_nothing_more_is_expected(
    *, last: Change, ended: bool
):
    readers = watched(slack(2, HALF, STOP), last)
    assert readers.content == readers.of["1"].correct == ended
    assert readers.of["1"].ended == (NOON.timestamp() + 5 if ended else None)


def test_an_end_may_be_a_message_of_its_own_beside_one_that_looks_alive():
    end = slack(5, ANSWER.text, ts="3")
    left = watched(slack(2, HALF, STOP), end)
    assert left.content and left.of["1"].correct and left.of["1"].alive
    over = watched(slack(2, HALF, STOP), end, slack(6, "Done. My answer is below."))
    assert over.of["1"].correct and over.of["1"].ended == NOON.timestamp() + 5
    assert not over.of["1"].alive
    assert over.of["1"].calm_at == NOON.timestamp() + 6
    gone = watched(slack(2, HALF, STOP), end, slack(6, HALF, STOP, op="deleted"))
    assert gone.of["1"].correct and not gone.of["1"].alive
    assert gone.of["1"].calm_at == NOON.timestamp() + 6
    told = watched(slack(2, f"{ANSWER_TO_COME} {HALF}", STOP), end)
    assert told.calm and not left.calm
    assert told.of["1"].ended == NOON.timestamp() + 5
    twice = watched(slack(5, f"{ANSWER.text} {ANSWER.text}"))
    assert twice.content and not twice.of["1"].correct


def test_a_message_in_teams_is_read_with_its_cards():
    def teams(at: float, text: str = "", **body: Any) -> Change:  # noqa: ANN401
        said = {"conversation": "1", "id": "9", "from": {"id": "28:bot"}}
        kept: dict[str, Any] = {"text": text, "attachments": [], "deleted": False}
        return change(at, "teams.activity", **{**said, **kept, **body})

    card = [{"content": {"body": [{"type": "TextBlock", "text": ANSWER.text}]}}]
    growing = teams(1, ANSWER.text, streaming=True)
    assert not watched(growing).content
    assert watched(growing, teams(2, attachments=card)).of["1"].correct
    person = teams(1, ANSWER.text, **{"from": {"id": "29:person"}})
    assert not watched(person).of["1"].shown


def test_calls_and_429s_are_counted():
    readers = watched(call(), call(429), call(method="auth.test"), call(429, "x"))
    assert (readers.calls, readers.refusals) == (2, 2)


def played(*changes: Change, late: float = 0.0) -> tuple[list[Played], Readers]:
    readers = watched(*changes)
    begun = NOON.timestamp()
    turn = Played(
        reader=readers.of["1"], trace=TURN, begun=begun, answered=begun + 1 + late
    )
    return [turn], readers


def test_lag_is_from_said_to_visible_by_when_it_was_really_said():
    shown = (slack(0.1, "Working on it", STOP), slack(2.5, HALF, STOP))
    turns, readers = played(*shown, call(), call(), slack(4.5, ANSWER.text), late=0.25)
    outcome = judged(turns, readers, cpu=0.004)
    # Said at 1.25, 2.25, 3.25 and 4.25; the last token has a character more.
    lags = [1.25, 0.25, 1.25, 0.25]
    sizes = [4, 4, 4, 5]
    weighed = sum(lag * size for lag, size in zip(lags, sizes, strict=True))
    score = outcome.score
    assert score.mean == pytest.approx(weighed / sum(sizes))
    assert score.p95 == pytest.approx(max(lags))
    assert score.first == pytest.approx(0.1)
    assert outcome.ended == pytest.approx(0.25)
    assert (outcome.correct, score.calls, score.intact) == (1.0, 2.0, 1.0)
    assert score.cpu == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("after", "alive"), [([slack(9.0, "Done", ts="2")], 5.0), ([], NEVER)]
)
def test_how_long_a_message_looks_alive_is_from_the_last_token(
    after: list[Change], alive: float
):
    end = slack(4.5, ANSWER.text, ts="3")
    outcome = judged(*played(slack(2, HALF, STOP), end, *after), cpu=None)
    assert outcome.alive == pytest.approx(alive)


def test_what_nobody_ever_sees_is_charged():
    turns, readers = played()
    outcome = judged(turns, readers, cpu=None)
    assert outcome.score.mean == outcome.ended_p95 == outcome.score.first == NEVER
    assert outcome.correct == outcome.alive == 0

"""The model that pacing is measured in, and what its figures mean."""

from functools import partial
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulator.bench.pacing.baselines import BASELINES, edits, one_post
from adapters.simulator.bench.pacing.bounds import ACT, Rules, bound
from adapters.simulator.bench.pacing.ours import Kit, shown
from adapters.simulator.bench.pacing.part import NAMES
from adapters.simulator.bench.pacing.picture import Line, as_svg
from adapters.simulator.bench.pacing.scenarios import (
    KITS,
    SCENARIOS,
    bound_of,
    ours,
    rules_of,
    theirs,
)
from adapters.simulator.bench.pacing.scores import NEVER, Score, jain, score
from adapters.simulator.bench.pacing.table import as_table
from adapters.simulator.bench.pacing.traces import (
    LIFE,
    RATE,
    TOKENS,
    Trace,
    at_once,
    steadily,
)
from adapters.simulator.bench.pacing.workspace import Method, Workspace
from adapters.simulator.bench.pacing.world import Call, Screen, World
from bot.commands.bench import slack_lanes

FOUR = Trace(
    name="t", start=0.0, steps=(1.0,), said=((1.0, 10), (2.0, 20), (3.0, 30), (4.0, 40))
)
NAMED = {scenario.name: scenario for scenario in SCENARIOS}


def seen(*shown: tuple[float, int]) -> Screen:
    return Screen(FOUR, list(shown))


def test_the_same_seed_gives_the_same_turns_and_the_same_figures():
    assert at_once(3, 7) == at_once(3, 7)
    assert steadily(0.2, 60.0, 7) == steadily(0.2, 60.0, 7)
    assert at_once(1, 7) != at_once(1, 8)
    runs = [ours(NAMED["5-at-once"], KITS[1], slack_lanes) for _ in range(2)]
    assert runs[0].mean == runs[1].mean


def test_turns_are_as_the_issue_says():
    traces = at_once(50, 1)
    assert all(len(trace.said) == TOKENS for trace in traces)
    assert sum(t.size for t in traces) / (50 * TOKENS) == pytest.approx(4.0, rel=0.02)
    assert sum(t.end for t in traces) / 50 == pytest.approx(LIFE, rel=0.05)


def test_a_bucket_holds_a_minutes_quota_and_is_refilled_all_the_time():
    workspace = Workspace()
    taken = [workspace.call(Method.UPDATE, "c", 0.0) for _ in range(51)]
    assert taken == [None] * 50 + [2.0]
    assert workspace.call(Method.UPDATE, "c", 1.3) is None
    assert workspace.refusals == 1
    assert workspace.call(Method.APPEND, "c", 1.3) is None


def test_a_channel_takes_a_few_posts_at_once_and_then_one_a_second():
    workspace = Workspace()
    taken = [workspace.call(Method.POST, "c", 0.0) for _ in range(6)]
    assert taken == [None] * 5 + [1.0]
    assert workspace.call(Method.POST, "another", 0.0) is None


def test_lag_is_from_said_to_visible_for_each_character():
    found = score([seen((0.5, 0), (2.5, 20), (4.5, 40))], 0)
    assert found.mean == pytest.approx((1.5 + 0.5 + 1.5 + 0.5) / 4)
    assert (found.p95, found.first, found.final) == (1.5, 0.5, 0.5)
    assert found.intact == 1


def test_what_nobody_ever_sees_is_charged():
    found = score([seen((2.0, 20))], 3)
    assert found.mean == pytest.approx((1.0 + 0.0 + 2 * NEVER) / 4)
    assert (found.intact, found.final, found.refusals) == (0, NEVER, 3)


@given(st.lists(st.floats(0.01, 100.0), min_size=1))
def test_jains_index_is_one_for_equals_and_never_more(values: list[float]):
    assert 1 / len(values) - 1e-9 <= jain(values) <= 1 + 1e-9
    assert jain([values[0]] * 5) == pytest.approx(1.0)


def test_one_post_at_the_end_is_as_late_as_arithmetic_says():
    found = theirs(NAMED["20-at-once"], one_post)
    assert found.mean == pytest.approx((TOKENS - 1) / RATE / 2 + ACT, rel=0.01)
    assert found.intact == 1


def test_the_baselines_behave_as_in_the_table_of_the_issue():
    """Roughly: where they break down, and how."""
    stream = theirs(NAMED["100-at-once"], BASELINES["slack_sdk chat_stream"])
    assert stream.mean == pytest.approx(93, abs=3)
    assert stream.intact == pytest.approx(0.23, abs=0.03)
    hasty = theirs(NAMED["20-at-once"], edits(1.0, 1))
    assert 60 < hasty.mean < 90
    assert hasty.intact == pytest.approx(0.1, abs=0.06)
    calm = theirs(NAMED["5-at-once"], edits(1.0, 10))
    assert calm.mean == pytest.approx(0.55, abs=0.06)


@pytest.mark.parametrize(
    ("turns", "free", "streams"), [(1, 0.09, 0.08), (5, 0.28, 0.18), (20, 0.80, 0.50)]
)
def test_the_bounds_are_at_or_below_those_of_the_issue(
    turns: int, free: float, streams: float
):
    """Theirs schedule each call in time; ours only count, so they may be lower."""
    traces = at_once(turns, 1)
    assert 0.85 * free < bound(traces, Rules(name="")) <= free
    assert bound(traces, Rules(name="", streams=True)) <= streams


@pytest.mark.parametrize("name", ["1-at-once", "5-at-once", "20-at-once"])
def test_nobody_beats_the_bound(name: str):
    scenario = NAMED[name]
    free = bound_of(scenario, Rules(name="", streams=True, fresh_final=True))
    for baseline in BASELINES.values():
        assert theirs(scenario, baseline).mean > free
    for kit in KITS:
        assert ours(scenario, kit, slack_lanes).mean > bound_of(scenario, rules_of(kit))


@pytest.mark.parametrize(
    ("name", "ratio", "alike"),
    [("1-at-once", 1.15, 0.99), ("5-at-once", 1.15, 0.98), ("20-at-once", 1.25, 0.99)],
)
def test_ours_comes_close_to_the_bound_of_the_windows_it_keeps_to(
    name: str, ratio: float, alike: float
):
    scenario = NAMED[name]
    found = ours(scenario, KITS[1], slack_lanes)
    assert found.mean < ratio * bound_of(scenario, rules_of(KITS[1], windows=True))
    assert (found.refusals, found.intact) == (0, 1)
    assert found.jain > alike
    assert found.final < 2.0
    assert found.first < 0.1


def test_ours_learns_a_limit_that_is_half_of_what_is_documented():
    world = World(Workspace(scale=0.5), seed=1)
    traces = steadily(0.5, 300.0, 1)
    kit = Kit(name="edits")
    screens, desk = shown(world, traces, kit, slack_lanes, until=500.0)
    assert score(screens, 0).intact == 1
    assert 1 <= world.workspace.refusals <= 12
    levels = {level.key: level.believed for level in desk.pacer.lane_levels(500.0)}
    [edits] = slack_lanes("edit", "c")
    assert levels[edits.key] < 0.7


def test_a_call_changes_what_is_seen_when_the_platform_acts():
    world = World(Workspace(), seed=1)
    screen, answers = Screen(FOUR), list[float | None]()
    world.at(1.0, partial(world.call, screen, Call(Method.POST, 10), answers.append))
    world.run(10.0)
    [(at, upto)] = screen.shown
    assert (1.02 < at < 1.06, upto, answers) == (True, 10, [None])


def test_the_table_and_the_picture_name_everybody():
    one = Score(
        mean=1.0, p95=2.0, first=0.1, final=0.2, calls=3.0, refusals=4, intact=0.5,
        jain=0.9, alive=0.5, untidy=60.0,
    )  # fmt: skip
    table = as_table("few", {"we & they": one}, {"bound": 0.5})
    assert [line.split("  ")[0] for line in table.splitlines()] == [
        "FEW",
        "bound",
        "we & they",
    ]
    picture = as_svg("a < b", ["x", "y"], [Line(name="we & they", values=[1.0, 500.0])])
    texts = [node.text for node in ET.fromstring(picture).iter() if node.text]
    assert {"a < b", "x", "y", "we & they"} <= set(texts)


def test_every_scenario_has_a_figure():
    assert len(set(NAMES)) == len(SCENARIOS) == len(NAMES)

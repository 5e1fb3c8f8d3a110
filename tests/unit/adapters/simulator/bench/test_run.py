import os
from pathlib import Path

import pytest

from adapters.simulator.bench.company import APPS, staff_id, write_company
from adapters.simulator.bench.run import NAMES, NoSuchFigureError, is_meant, measured
from adapters.simulator.bench.scene import Bench, summed
from bot.clock import SystemClock
from bot.commands.bench import slack_lanes
from bot.company.file import load_articles, load_company

METRICS = """\
# HELP deskhand_sends_total Calls that change what people see
# TYPE deskhand_sends_total counter
deskhand_sends_total{operation="post",outcome="ok",platform="slack"} 3.0
deskhand_sends_total{operation="edit",outcome="ok",platform="slack"} 4.0
deskhand_sends_total{operation="post",outcome="ok",platform="teams"} 5.0
deskhand_sends_created{operation="post",outcome="ok",platform="slack"} 1.7e+09
deskhand_turns_live 2.0
"""


def test_every_figure_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_a_figure_is_meant_by_the_beginning_of_a_part_of_its_name() -> None:
    assert is_meant("ack.slack.50-live", "ack")
    assert is_meant("ack.slack.50-live", "slack")
    assert is_meant("ack.slack.50-live", "ack.slack")
    assert is_meant("ack.slack.50-live", "")
    assert not is_meant("visible.slack.50-live", "ack")


async def test_a_name_that_is_no_figure_is_answered_with_all_that_are() -> None:
    async def database(name: str) -> str:
        raise AssertionError(f"{name} is not needed")

    bench = Bench(
        clock=SystemClock(),
        database=database,
        folder=Path(),
        postgres_pid=os.getpid,
        tell=lambda _: None,
        slack_lanes=slack_lanes,
    )
    with pytest.raises(NoSuchFigureError, match="latency") as caught:
        await measured(bench, "latency")
    assert all(name in caught.value.hint for name in NAMES)


def test_metrics_are_summed_over_the_labels_that_nobody_asked_for() -> None:
    assert summed(METRICS, "deskhand_turns_live", {}) == 2
    assert summed(METRICS, "deskhand_sends_total", {}) == 12
    assert summed(METRICS, "deskhand_sends_total", {"platform": "slack"}) == 7
    both = {"platform": "slack", "operation": "post"}
    assert summed(METRICS, "deskhand_sends_total", both) == 3
    assert summed(METRICS, "deskhand_sends", {}) == 0


def test_the_company_is_a_company_of_any_size(tmp_path: Path) -> None:
    file = write_company(tmp_path, staff=12)
    company = load_company(file)

    staff = [p for p in company.people if p.manager]
    assert [p.id for p in staff] == [staff_id(n) for n in range(12)]
    assert all(p.slack and p.entra and p.reach_on == "teams" for p in company.people)
    assert len({p.entra for p in company.people}) == len(company.people)
    assert [r.name for r in company.resources] == list(APPS)
    [article] = load_articles(company, file)
    assert len(article.body.split()) > 500

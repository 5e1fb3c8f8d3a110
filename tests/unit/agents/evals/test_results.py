"""What a report says."""

import json

from agents.evals.results import Report, Result
from bot.company.limits import Price, SpendingLimits
from bot.protocol.values import Usage

USED = {"claude-x": Usage(input_tokens=1_000_000, output_tokens=100_000)}
RESULTS = [
    Result(name="a: fine", used=USED, asks=2, waits=(1.0, 2.0)),
    Result(name="a: wrong", used={}, problems=("effect missing: one",), waits=(3.0,)),
    Result(name="a: hard", used={}, skipped="a language model"),
]
PRICED = SpendingLimits(prices={"claude-x": Price(input=3, output=15)})


def report(results: list[Result], limits: SpendingLimits) -> Report:
    return Report(
        company="Nowhere", model="claude-x", results=results, seconds=9, limits=limits
    )


def test_what_was_skipped_counts_neither_way() -> None:
    assert report(RESULTS, PRICED).pass_rate == 50.0
    assert report(RESULTS[2:], PRICED).pass_rate is None


def test_tokens_cost_what_the_company_file_says() -> None:
    assert report(RESULTS, PRICED).cost == 4.5
    assert "cost: 4.5000" in report(RESULTS, PRICED).as_table()


def test_without_a_price_nobody_knows_the_cost() -> None:
    unpriced = report(RESULTS, SpendingLimits())
    assert unpriced.cost is None
    assert "cost: not known" in unpriced.as_table()


def test_the_table_tells_each_problem_below_its_scenario() -> None:
    lines = report(RESULTS, PRICED).as_table().splitlines()
    assert lines[0].startswith("ok      a: fine")
    assert lines[1].startswith("FAILED  a: wrong")
    assert lines[2].strip() == "- effect missing: one"
    assert lines[3].startswith("skipped a: hard")
    assert "Nowhere, claude-x: 1 of 2 passed, 50.0 %" in lines
    assert "1 skipped: they need a language model" in lines
    assert "wait: 2.00 s median, 2.90 s p95, 3.00 s longest; 9.0 s in all" in lines


def test_the_json_has_all_of_it() -> None:
    document = json.loads(report(RESULTS, PRICED).as_json())
    assert (document["passed"], document["failed"], document["skipped"]) == (1, 1, 1)
    assert document["tokens"]["claude-x"]["input_tokens"] == 1_000_000
    assert document["scenarios"][1]["problems"] == ["effect missing: one"]
    assert document["scenarios"][1]["status"] == "failed"

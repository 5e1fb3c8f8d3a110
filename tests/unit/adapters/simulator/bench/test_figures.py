import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulator.bench.figures import (
    Aim,
    Baseline,
    Figure,
    as_json,
    as_table,
    median,
    quantile,
    spread_over,
)

ACK = Figure(
    name="ack",
    unit="ms",
    values={"p50": 4.0, "p99": 61.25},
    what="how long it takes",
    runs=3,
    samples=1000,
    baseline=Baseline(what="HTTP alone", value=2.0),
    aim=Aim(of="p99", below=50.0),
    notes={"refused": 0.0},
)

samples = st.lists(st.floats(0, 1e6), min_size=1, max_size=300)


@given(samples, st.floats(0.01, 1.0))
def test_a_quantile_is_the_smallest_sample_that_so_many_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)

    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) - 1e-6
    assert sum(v < found for v in values) < share * len(values)


def test_p99_of_a_hundred_leaves_one_out() -> None:
    assert quantile([float(n) for n in range(1, 101)], 0.99) == 99.0


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        quantile([], 0.5)


def test_one_bad_run_does_not_decide() -> None:
    good, bad = [1.0] * 100, [9.0] * 100
    assert spread_over([good, bad, good]) == {"p50": 1.0, "p99": 1.0}


def test_the_median_is_a_sample() -> None:
    assert median([3.0, 1.0, 2.0, 10.0]) == 2.0


def test_the_ratio_is_of_the_middle_and_the_aim_of_the_value_that_it_names() -> None:
    assert ACK.ratio == 2.0
    assert ACK.met is False
    assert replace(ACK, aim=Aim(of="p50", below=50.0)).met is True


def test_an_aim_may_be_a_ratio_and_may_be_something_to_reach() -> None:
    low, high = Aim(of="ratio", below=2.5), Aim(of="ratio", at_least=2.5)
    assert replace(ACK, aim=low).met is True
    assert replace(ACK, aim=high).met is False
    assert replace(ACK, aim=high, baseline=None).met is None
    assert "ratio >= 2.5: MISSED" in as_table([replace(ACK, aim=high)])
    assert "unknown" in as_table([replace(ACK, aim=high, baseline=None)])


def test_without_baseline_and_aim_nothing_is_claimed() -> None:
    plain = replace(ACK, baseline=None, aim=None)
    assert plain.ratio is None
    assert plain.met is None
    assert plain.baseline is None


def test_the_table_says_what_was_measured_and_against_what() -> None:
    table = as_table([ACK])
    first, row, *_ = table.splitlines()

    assert first.split()[:3] == ["FIGURE", "P50", "P99"]
    assert " ".join(row.split()) == "ack 4.00 61.2 ms 2.00 2.00 p99 < 50: MISSED"
    assert "ack: how long it takes (n = 3 of 1000)" in table
    assert "baseline: HTTP alone" in table
    assert "also: refused 0.00" in table


def test_the_json_has_everything_and_what_follows_from_it() -> None:
    document = json.loads(as_json([ACK], {"cores": 2}))

    assert document["cores"] == 2
    [figure] = document["figures"]
    assert figure["values"] == {"p50": 4.0, "p99": 61.25}
    assert (figure["ratio"], figure["met"]) == (2.0, False)

"""On which lines the parts of a file begin."""

import tomllib
from pathlib import Path

import pytest

from agents.evals.lines import line_of, lines_in
from tests.support.companies import BREWERY, HOSPITAL, SAMPLE

FILE = (
    """\
# a [[scenario]] that is none
today = 2026-11-20

[[scenario]]
name = "one # [[scenario]]"
steps = [
  { who = "a", says = "x = 1, { } ]" },  # { says = "no" }
  { who = "b",
    decides = "approve" },
]
[scenario.expect]
effects = [{ kind = "grant" }, { kind = "order" }]
asks = [{ of = [
  ["a"],
  ["b"],
] }]

[[scenario]]
name = """
    "'''\n[[scenario]]\n'''"
    """
[[scenario.steps]]
who = "c"
[[scenario.steps]]
who = "d"
"""
)
LINES = {
    ("today",): 2,
    ("scenario", 0): 4,
    ("scenario", 0, "name"): 5,
    ("scenario", 0, "steps"): 6,
    ("scenario", 0, "steps", 0): 7,
    ("scenario", 0, "steps", 0, "says"): 7,
    ("scenario", 0, "steps", 1): 8,
    ("scenario", 0, "steps", 1, "decides"): 9,
    ("scenario", 0, "expect"): 11,
    ("scenario", 0, "expect", "effects", 1): 12,
    ("scenario", 0, "expect", "effects", 1, "kind"): 12,
    ("scenario", 0, "expect", "asks", 0, "of", 0): 14,
    ("scenario", 0, "expect", "asks", 0, "of", 1): 15,
    ("scenario", 1): 18,
    ("scenario", 1, "steps", 0): 22,
    ("scenario", 1, "steps", 1, "who"): 25,
}


def test_each_table_entry_and_key_has_its_line() -> None:
    found = lines_in(FILE)
    assert {place: found.get(place) for place in LINES} == LINES


def test_what_has_no_line_has_that_of_what_is_around_it() -> None:
    lines = lines_in(FILE)
    assert line_of(("scenario", 0, "steps", 0, "hears", 3), lines) == 7
    assert line_of(("scenario", 1, "expect"), lines) == 18
    assert line_of(("elsewhere",), lines) is None


FILES = [
    file
    for company in (SAMPLE, HOSPITAL, BREWERY)
    for file in sorted((company.parent / "evals").glob("*.toml"))
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_step_of_ours_is_found_where_it_is_written(file: Path) -> None:

    text = file.read_text("utf-8")
    found, written = lines_in(text), text.splitlines()
    for number, scenario in enumerate(tomllib.loads(text)["scenario"]):
        assert scenario["name"] in written[found["scenario", number, "name"] - 1]
        for step, said in enumerate(scenario["steps"]):
            line = written[found["scenario", number, "steps", step] - 1]
            words = (
                said.get("says") or said.get("passes") or said.get("decides", "stops")
            )
            assert words in line.replace('\\"', '"')

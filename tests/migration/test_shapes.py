"""What one release writes, the other reads: in events, mail and snapshots."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Schemas are JSON.

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from tests.migration.shapes import Shapes
from tests.support.replicas import CHECKOUT

PROGRAM = Path(__file__).with_name("what_is_read.py")
KINDS = ("events", "mail", "snapshots")


def what_is_read(code: Path) -> dict[str, Any]:
    printed = subprocess.check_output(
        [sys.executable, PROGRAM],
        cwd=code,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code)},
    )
    return json.loads(printed)


@pytest.fixture(scope="module")
def before(previous: Path) -> dict[str, Any]:
    return what_is_read(previous)


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    return what_is_read(CHECKOUT)


@pytest.mark.parametrize("kind", KINDS)
def test_this_release_reads_what_the_previous_one_writes(
    before: dict[str, Any], now: dict[str, Any], kind: str
) -> None:
    shapes = Shapes(written=before[kind]["written"], read=now[kind]["read"])
    assert not shapes.misfits()


DROPPED = ".kind: ['told']"
"""Mail that the previous release drops: who had access is not told of its end while one
of its replicas owns the conversation (docs/taking-away.md). It ends all the same."""


@pytest.mark.parametrize("kind", ["events", "mail"])
def test_the_previous_release_reads_what_this_one_writes(
    before: dict[str, Any], now: dict[str, Any], kind: str
) -> None:
    """It passes over an event of a type, and over a snapshot, that it cannot read."""
    shapes = Shapes(written=now[kind]["written"], read=before[kind]["read"])
    misfits = {m for m in shapes.misfits() if not m.endswith("is unknown")}
    assert misfits == ({DROPPED} if kind == "mail" else set())


class Old(TypedDict):
    type: Literal["a"]
    kind: Literal["x", "y"]
    n: int


class Wider(TypedDict):
    type: Literal["a"]
    kind: Literal["x", "y", "z"]
    n: int


class Renamed(TypedDict):
    type: Literal["a"]
    kind: Literal["x", "y"]
    number: int


class Retyped(TypedDict):
    type: Literal["a"]
    kind: Literal["x", "y"]
    n: str


class Longer(TypedDict):
    type: Literal["a"]
    kind: Literal["x"]
    n: int
    more: str


class Other(TypedDict):
    type: Literal["b"]
    n: int


@pytest.mark.parametrize(
    ("new", "misfits"),
    [
        (list[Wider | None], ["a.kind: ['z']"]),
        (list[Renamed | None], ["a.n is missing"]),
        (list[Retyped | None], ["a.n: string for integer"]),
        (list[Longer | None], []),
        (list[Old | Other | None], ["[]: b is unknown"]),
    ],
)
def test_a_change_that_breaks_the_rule_of_evolution_is_named(
    new: type[object], misfits: list[str]
) -> None:
    written = TypeAdapter(new).json_schema(mode="serialization")
    read = TypeAdapter(list[Old | None]).json_schema()
    assert Shapes(written=written, read=read).misfits() == misfits

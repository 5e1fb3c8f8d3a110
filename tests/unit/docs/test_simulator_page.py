"""The page about the stand-ins: every test that it names is there."""

import re

import pytest

from tests.support.pages import ROOT, page, rows_in, sections_in

PAGE = page("docs/simulator-limits.md")
TESTS = ROOT / "tests/unit/adapters/simulator"
UNTESTED = ("no", "partly", "on command", "taken")


@pytest.mark.parametrize("platform", ["Slack", "Teams"])
def test_every_limit_names_the_tests_that_hold_to_it_or_says_that_none_does(
    platform: str,
) -> None:
    rows = list(rows_in(sections_in(PAGE)[platform], "limit"))
    assert len(rows) > 20
    for limit, enforced, source in rows:
        named = re.findall(r"`(test_\w+\.py|tests/[\w/]+\.py)`", enforced)
        assert named or enforced.startswith(UNTESTED), limit
        for name in named:
            where = ROOT if "/" in name else TESTS / platform.lower()
            assert (where / name).is_file(), name
        assert re.match(r"[DMG]\b", source), limit

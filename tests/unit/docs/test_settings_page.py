from collections.abc import Mapping

import pytest

from bot.settings import NAMES, load_settings
from tests.support.pages import code_of, page, rows_in

ROWS = {code_of(row[0]): row for row in rows_in(page("docs/settings.md"), "setting")}
COMPLETE: Mapping[str, str] = {
    "SLACK_SIGNING_SECRET": "s",
    "SLACK_BOT_TOKEN": "xoxb-1",
    "MICROSOFT_APP_ID": "a",
    "MICROSOFT_APP_PASSWORD": "p",
    "MICROSOFT_APP_TENANT_ID": "TENANT",
}


def test_every_setting_has_a_row_and_no_other_has() -> None:
    assert set(ROWS) == set(NAMES)


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row[1] != "unset"])
def test_a_default_that_is_written_is_the_default(name: str) -> None:
    written = code_of(ROWS[name][1])
    # Anonymous callers and an app id exclude each other.
    base: Mapping[str, str] = {} if name == "TEAMS_ALLOW_ANONYMOUS" else COMPLETE
    assert load_settings({**base, name: written}) == load_settings(base)


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row[1] == "unset"])
def test_a_setting_without_a_default_may_be_left_out(name: str) -> None:
    load_settings({})
    assert ROWS[name][1] == "unset"


def test_the_example_for_compose_sets_only_what_there_is() -> None:
    lines = page("deploy/env.example").splitlines()
    names = [line.partition("=")[0] for line in lines if line and line[0] != "#"]
    assert set(names) - {"POSTGRES_PASSWORD"} <= set(NAMES)
    assert all(line.endswith("=") for line in lines if line and line[0] != "#")

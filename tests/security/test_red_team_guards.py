"""Guards that only the whole bot has, taken away one at a time: the red team finds it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.slack import escape
from adapters.slack.web import WebApi
from adapters.teams import markdown
from agents.tools import withdraw_request
from bot.engine import decisions
from bot.protocol.ids import ApprovalId, TenantId
from bot.store.records import PostgresRecords
from bot.view.rewrite import Dialect
from tests.support.attacks import injections
from tests.support.red_team import OTHER, battle
from tests.support.red_team_findings import findings

Patch = pytest.MonkeyPatch


def as_it_is(text: str) -> str:
    return text


def without_escaping_in_teams(patch: Patch) -> None:
    patch.setattr(markdown, "_escape_inside", as_it_is)


def without_breaking_mentions(patch: Patch) -> None:
    patch.setattr(markdown, "_defuse", as_it_is)
    patch.setattr(markdown, "_escape_inside", as_it_is)


def without_telling_where_links_lead_in_teams(patch: Patch) -> None:
    def tells(*_: str) -> bool:
        return True

    patch.setattr(markdown, "_tells", tells)


def without_telling_where_links_lead_in_slack(patch: Patch) -> None:
    def link(label: str, address: str) -> str:
        return f"[{label}]({address})"

    naive = Dialect(text=as_it_is, code=as_it_is, link=link)
    patch.setattr(escape, "_DIALECT", naive)


def without_asking_for_no_previews(patch: Patch) -> None:
    usual = WebApi.write

    async def write(web: WebApi, method: str, **sent: object) -> Mapping[str, Any]:
        return await usual(
            web, method, **{k: v for k, v in sent.items() if "unfurl" not in k}
        )

    patch.setattr(WebApi, "write", write)


def without_asking_who_pressed(patch: Patch) -> None:
    def counts(*_: object, **__: object) -> None:
        return None

    patch.setattr(decisions, "_refusal", counts)


def without_asking_whose_request_it_is(patch: Patch) -> None:
    usual = PostgresRecords.withdraw_request

    async def withdraw(
        records: PostgresRecords,
        tenant: TenantId,
        *,
        approval_id: ApprovalId,
        by: str,
    ) -> object:
        del by
        return await usual(records, tenant, approval_id=approval_id, by=OTHER)

    async def subject(*_: object) -> str:
        return "anything"

    patch.setattr(PostgresRecords, "withdraw_request", withdraw)
    patch.setattr(withdraw_request, "subject_of", subject)


@pytest.mark.parametrize(
    ("take_away", "attack", "want"),
    [
        (without_escaping_in_teams, "name-markdown", "teams shows a link in disguise"),
        (without_breaking_mentions, "name-at-tag", "teams mentions somebody"),
        (
            without_telling_where_links_lead_in_teams,
            "reason-link",
            "teams shows a link in disguise",
        ),
        (
            without_telling_where_links_lead_in_slack,
            "message-fake-card",
            "slack shows a link in disguise",
        ),
        (without_asking_for_no_previews, "message-fake-card", "slack fetches"),
        (without_asking_who_pressed, "reason-then-grant", "approved what they may not"),
        (
            without_asking_whose_request_it_is,
            "message-withdraw-omars",
            "omar.haddad: a request is withdrawn",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_without_a_guard_it_is_found(  # noqa: PLR0917 - fixtures
    database_url: str,
    tmp_path: Path,
    monkeypatch: Patch,
    take_away: Callable[[Patch], None],
    attack: str,
    want: str,
) -> None:
    markdown._piece.cache_clear()
    take_away(monkeypatch)
    try:
        alone = [one for one in injections() if one.id == attack]
        async with battle(
            database_url, tmp_path, alone, monkeypatch, hostile=True
        ) as fought:
            found = await findings(fought)
    finally:
        markdown._piece.cache_clear()
    assert any(want in line for line in found), found

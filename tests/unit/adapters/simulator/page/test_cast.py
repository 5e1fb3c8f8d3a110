from pathlib import Path

import pytest

from adapters.simulator.cast import players_of, scenes_of
from adapters.simulator.suggestions import load_suggestions
from bot.company.file import load_company
from bot.errors import ConfigError
from tests.support.small_demo import COMPANY

ROOT = Path(__file__).parents[5]
ACME = ROOT / "adapters/simulator/acme"
HOSPITAL = ROOT / "tests/companies/hospital"


def everybody_in(path: Path):
    company = load_company(path / "company.toml")
    slack = [{"id": p.slack, "email": p.email} for p in company.people if p.slack]
    teams = [
        {"id": f"29:{p.entra}", "aadObjectId": p.entra, "email": p.email}
        for p in company.people
        if p.entra
    ]
    return players_of(company, slack, teams)


def test_the_first_scene_starts_in_slack_and_is_decided_in_teams():
    players = {player.id: player for player in everybody_in(ACME)}
    first, *others = scenes_of(list(players.values()))
    assert first.asks == "slack"
    assert players[first.slack].manager == players[first.teams].id
    assert players[first.teams].reach_on == "teams"
    assert "teams" in {scene.asks for scene in others}


def test_accounts_are_found_by_directory_id_or_else_by_email():
    slack = [{"id": "U1", "email": "ANN@fish.example"}]
    teams = [{"id": "29:x", "email": "bob@fish.example"}]
    ann, bob = players_of(COMPANY, slack, teams)
    assert (ann.slack, ann.teams) == ("U1", "")
    assert (bob.slack, bob.teams) == ("", "29:x")


def test_without_a_manager_on_the_other_side_there_is_no_scene():
    slack = [{"id": "U1", "email": "ann@fish.example"}]
    assert scenes_of(players_of(COMPANY, slack, [])) == []


def test_the_samples_suggestions_are_asked_by_people_with_an_account_there():
    company = load_company(ACME / "company.toml")
    players = {player.id: player for player in everybody_in(ACME)}
    suggestions = load_suggestions(ACME / "suggestions.toml", company)
    assert all(players[s.person].is_on(s.platform) for s in suggestions)
    assert {s.platform for s in suggestions} == {"slack", "teams"}


def test_a_company_without_suggestions_gets_some_made_from_its_data():
    company = load_company(HOSPITAL / "company.toml")
    suggestions = load_suggestions(HOSPITAL / "suggestions.toml", company)
    assert len({s.hint for s in suggestions}) == len(suggestions) >= 2
    names = {resource.name for resource in company.resources}
    assert all(any(name in s.text for name in names) for s in suggestions)


def test_a_suggestion_of_a_stranger_is_refused(tmp_path: Path):
    path = tmp_path / "suggestions.toml"
    path.write_text(
        '[[suggestions]]\nperson = "zoe"\nplatform = "slack"\ntext = "Hi"\n', "utf-8"
    )
    with pytest.raises(ConfigError, match="'zoe' is not among the people"):
        load_suggestions(path, COMPANY)

"""Settings: what is right is read, and all that is wrong is named at once with its fix."""

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import load_settings

SLACK = {"SLACK_SIGNING_SECRET": "s" * 32, "SLACK_BOT_TOKEN": "xoxb-1"}
TEAMS = {
    "MICROSOFT_APP_ID": "app",
    "MICROSOFT_APP_PASSWORD": "secret",
    "MICROSOFT_APP_TENANT_ID": "tenant",
}


def problems_of(**environment: str) -> tuple[str, ...]:
    """Return what is wrong with an environment."""
    try:
        load_settings(environment)
    except ConfigError as error:
        return error.problems
    return ()


def test_nothing_has_to_be_set() -> None:
    settings = load_settings({})
    assert settings.slack is None
    assert settings.teams is None
    assert settings.database_url == ""
    assert settings.home == Path(".deskhand")
    assert settings.company_file == Path("company.toml")
    assert settings.console_token == ""
    assert settings.log_format == "json"
    assert settings.model.api_key == ""
    assert settings.model.words_per_second == 25


def test_what_others_set_is_not_looked_at() -> None:
    assert problems_of(PATH="/bin", SLACK_SOMETHING="x", MICROSOFT_EDGE="x") == ()


def test_slack_is_read() -> None:
    slack = load_settings({**SLACK, "SLACK_API_URL": "http://127.0.0.1:1/api"}).slack
    assert slack is not None
    assert slack.signing_secret == "s" * 32
    assert slack.bot_token == "xoxb-1"
    assert slack.api_url == "http://127.0.0.1:1/api/", "one slash at the end"


def test_teams_is_read() -> None:
    teams = load_settings(
        {**TEAMS, "TEAMS_SERVICE_URLS": "https://a/, https://b/ ,"}
    ).teams
    assert teams is not None
    assert (teams.app_id, teams.app_password, teams.tenant_id) == (
        *("app", "secret"),
        "tenant",
    )
    assert teams.service_urls == ("https://a/", "https://b/")
    assert "/tenant/" in teams.token_url
    assert not teams.allow_anonymous


def test_a_bot_of_many_tenants_gets_its_token_elsewhere() -> None:
    teams = load_settings({**TEAMS, "MICROSOFT_APP_TYPE": "MultiTenant"}).teams
    assert teams is not None
    assert "/botframework.com/" in teams.token_url


def test_local_clients_need_no_app() -> None:
    teams = load_settings({"TEAMS_ALLOW_ANONYMOUS": "yes"}).teams
    assert teams is not None
    assert teams.allow_anonymous
    assert teams.app_id == ""


@pytest.mark.parametrize("text", ["1", "true", "YES", "on", " on "])
def test_a_switch_is_on_in_many_words(text: str) -> None:
    teams = load_settings({"TEAMS_ALLOW_ANONYMOUS": text}).teams
    assert teams is not None
    assert teams.allow_anonymous


def test_blanks_are_as_good_as_nothing() -> None:
    assert load_settings({"DATABASE_URL": "  ", "SLACK_BOT_TOKEN": " "}).slack is None


WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "not Postgres": (
        {"DATABASE_URL": "mysql://root@db/app"},
        "DATABASE_URL is not a Postgres URL",
        "write postgresql://user:password@host/database",
    ),
    "half of Slack": (
        {"SLACK_BOT_TOKEN": "xoxb-1"},
        "SLACK_SIGNING_SECRET is not set",
        "unset SLACK_BOT_TOKEN",
    ),
    "other half of Slack": (
        {"SLACK_SIGNING_SECRET": "s"},
        "SLACK_BOT_TOKEN is not set",
        "unset SLACK_SIGNING_SECRET",
    ),
    "a person's token": (
        SLACK | {"SLACK_BOT_TOKEN": "xoxp-1"},
        "SLACK_BOT_TOKEN does not start with xoxb-",
        "copy the Bot User OAuth Token",
    ),
    "Socket Mode": (
        {"SLACK_APP_TOKEN": "xapp-1"},
        "SLACK_APP_TOKEN is set, but Socket Mode",
        "use SLACK_SIGNING_SECRET with SLACK_BOT_TOKEN",
    ),
    "OAuth": (
        {"SLACK_CLIENT_ID": "1"},
        "SLACK_CLIENT_ID is set, but",
        "use SLACK_SIGNING_SECRET with SLACK_BOT_TOKEN",
    ),
    "OAuth's secret": (
        {"SLACK_CLIENT_SECRET": "1"},
        "SLACK_CLIENT_SECRET is set, but",
        "use SLACK_SIGNING_SECRET with SLACK_BOT_TOKEN",
    ),
    "no address": (
        SLACK | {"SLACK_API_URL": "slack.com"},
        "SLACK_API_URL is 'slack.com', not a URL",
        "write https://host/path",
    ),
    "an address that cannot be read": (
        SLACK | {"SLACK_API_URL": "http://[slack"},
        "SLACK_API_URL is 'http://[slack', not a URL",
        "write https://host/path",
    ),
    "a third of Teams": (
        {"MICROSOFT_APP_ID": "app", "MICROSOFT_APP_TENANT_ID": "t"},
        "MICROSOFT_APP_PASSWORD is not set",
        "unset MICROSOFT_APP_ID, MICROSOFT_APP_TENANT_ID",
    ),
    "an unknown kind of app": (
        TEAMS | {"MICROSOFT_APP_TYPE": "UserAssignedMSI"},
        "MICROSOFT_APP_TYPE is 'UserAssignedMSI'",
        "use one of SingleTenant, MultiTenant",
    ),
    "no address of keys": (
        TEAMS | {"TEAMS_OPENID_METADATA_URL": "ftp://keys"},
        "TEAMS_OPENID_METADATA_URL is 'ftp://keys', not a URL",
        "write https://host/path",
    ),
    "no address of tokens": (
        TEAMS | {"TEAMS_TOKEN_URL": "tokens"},
        "TEAMS_TOKEN_URL is 'tokens', not a URL",
        "write https://host/path",
    ),
    "strangers beside an app": (
        TEAMS | {"TEAMS_ALLOW_ANONYMOUS": "yes"},
        "TEAMS_ALLOW_ANONYMOUS is on although MICROSOFT_APP_ID is set",
        "turn it off",
    ),
    "perhaps": (
        {"TEAMS_ALLOW_ANONYMOUS": "perhaps"},
        "TEAMS_ALLOW_ANONYMOUS is 'perhaps'",
        "use yes or no",
    ),
    "no address of a model": (
        {"ANTHROPIC_BASE_URL": "localhost:8000"},
        "ANTHROPIC_BASE_URL is 'localhost:8000', not a URL",
        "write https://host/path",
    ),
    "a word for a number": (
        {"DESKHAND_WORDS_PER_SECOND": "fast"},
        "DESKHAND_WORDS_PER_SECOND is 'fast', not a number from 0 up",
        "write e.g. 25",
    ),
    "backwards": (
        {"DESKHAND_WORDS_PER_SECOND": "-1"},
        "DESKHAND_WORDS_PER_SECOND is '-1'",
        "write e.g. 25",
    ),
    "for ever": (
        {"DESKHAND_WORDS_PER_SECOND": "inf"},
        "DESKHAND_WORDS_PER_SECOND is 'inf'",
        "write e.g. 25",
    ),
    "no number": (
        {"DESKHAND_WORDS_PER_SECOND": "nan"},
        "DESKHAND_WORDS_PER_SECOND is 'nan'",
        "write e.g. 25",
    ),
    "a short token": (
        {"DESKHAND_CONSOLE_TOKEN": "abc"},
        "DESKHAND_CONSOLE_TOKEN is shorter than 16 characters",
        "make a longer one",
    ),
    "another log": (
        {"DESKHAND_LOG": "xml"},
        "DESKHAND_LOG is 'xml'",
        "use one of json, text",
    ),
    "misspelt": (
        {"DESKHAND_CONFG": "x.toml"},
        "DESKHAND_CONFG is not a setting",
        "did you mean DESKHAND_CONFIG?",
    ),
    "unheard of": (
        {"DESKHAND_ZZZ": "1"},
        "DESKHAND_ZZZ is not a setting",
        "unset it",
    ),
}


@pytest.mark.parametrize(
    ("environment", "problem", "fix"), WRONG.values(), ids=WRONG.keys()
)
def test_a_wrong_setting_is_named_with_its_fix(
    environment: dict[str, str], problem: str, fix: str
) -> None:
    [told] = problems_of(**environment)
    assert told.startswith(problem)
    assert fix in told


def test_everything_that_is_wrong_is_named_at_once() -> None:
    together = (
        *("not Postgres", "a person's token", "an unknown kind of app"),
        *("a word for a number", "a short token", "another log", "misspelt"),
    )
    environment = {k: v for name in together for k, v in WRONG[name][0].items()}
    told = problems_of(**environment)
    assert len(told) == len(together)
    for name in together:
        assert sum(one.startswith(WRONG[name][1]) for one in told) == 1


def test_a_message_lists_every_problem_on_a_line_of_its_own() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({"DESKHAND_LOG": "xml", "DESKHAND_ZZZ": "1"})
    assert str(caught.value).splitlines() == [
        "the environment is not usable:",
        "  - DESKHAND_LOG is 'xml'; use one of json, text",
        "  - DESKHAND_ZZZ is not a setting; unset it",
    ]


@pytest.mark.parametrize(
    "name", ["SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "DESKHAND_CONSOLE_TOKEN"]
)
def test_a_secret_is_not_told(name: str) -> None:
    told = problems_of(**{name: "hunter2"})
    assert told
    assert "hunter2" not in str(told)

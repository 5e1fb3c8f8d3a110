"""Settings from the environment, read once; every problem at once, with its fix."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import ConfigError

APP_TYPES = ("SingleTenant", "MultiTenant")
DEFAULT_MODEL = "claude-sonnet-5-5"

_PUBLIC_METADATA = "https://login.botframework.com/v1/.well-known/openidconfiguration"
_PUBLIC_SERVICE_URLS = (
    "https://smba.trafficmanager.net/",
    "https://smba.infra.gcc.teams.microsoft.com/",
    "https://smba.infra.gov.teams.microsoft.us/",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """One Slack workspace over HTTP."""

    signing_secret: str
    bot_token: str
    api_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsSettings:
    """One bot registration in one Microsoft 365 tenant."""

    app_id: str
    app_password: str
    tenant_id: str
    app_type: str
    metadata_url: str
    token_url: str
    service_urls: tuple[str, ...]
    allow_anonymous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which model speaks. Without a key: the scripted one."""

    api_key: str
    base_url: str
    model: str
    fallback: str
    """Asked where ``model`` fails; empty: nobody is."""
    summaries: str
    """Asked to sum up long conversations; empty: ``model``."""
    words_per_second: float
    """How fast the scripted model writes; 0: at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the environment says."""

    database_url: str
    """Empty: embedded Postgres in ``home``."""
    home: Path
    company_file: Path
    slack: SlackSettings | None
    teams: TeamsSettings | None
    model: ModelSettings
    console_token: str
    """Bearer token of the console's API; empty: the console is off."""
    scim_token: str
    """Bearer token with which people are pushed; empty: nobody can."""
    log_format: str
    """``json`` or ``text``."""
    native_streams: bool
    """Whether messages may grow by the platforms' own streaming."""


NAMES = (
    "DATABASE_URL",
    "DESKHAND_HOME",
    "DESKHAND_CONFIG",
    "DESKHAND_MODEL",
    "DESKHAND_FALLBACK_MODEL",
    "DESKHAND_SUMMARY_MODEL",
    "DESKHAND_CONSOLE_TOKEN",
    "DESKHAND_SCIM_TOKEN",
    "DESKHAND_WORDS_PER_SECOND",
    "DESKHAND_LOG",
    "DESKHAND_NATIVE_STREAMS",
    "SLACK_SIGNING_SECRET",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_CLIENT_ID",
    "SLACK_CLIENT_SECRET",
    "SLACK_API_URL",
    "MICROSOFT_APP_ID",
    "MICROSOFT_APP_PASSWORD",
    "MICROSOFT_APP_TENANT_ID",
    "MICROSOFT_APP_TYPE",
    "TEAMS_OPENID_METADATA_URL",
    "TEAMS_TOKEN_URL",
    "TEAMS_SERVICE_URLS",
    "TEAMS_ALLOW_ANONYMOUS",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
)
"""Every setting there is."""


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings.

    Raises:
        ConfigError: Something is missing or wrong; the message names all of it.
    """
    reader = _Reader(environment)
    settings = Settings(
        database_url=reader.database_url(),
        home=Path(reader.text("DESKHAND_HOME", ".deskhand")),
        company_file=Path(reader.text("DESKHAND_CONFIG", "company.toml")),
        slack=_slack(reader),
        teams=_teams(reader),
        model=_model(reader),
        console_token=reader.secret("DESKHAND_CONSOLE_TOKEN", least=16),
        scim_token=reader.secret("DESKHAND_SCIM_TOKEN", least=32),
        log_format=reader.choice("DESKHAND_LOG", ("json", "text")),
        native_streams=reader.flag("DESKHAND_NATIVE_STREAMS", default=True),
    )
    reader.check_names()
    if reader.problems:
        raise ConfigError("the environment", reader.problems)
    return settings


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self._environment.get(name, "").strip() or default

    def wrong(self, name: str, problem: str, fix: str) -> None:
        self.problems.append(f"{name} {problem}; {fix}")

    def url(self, name: str, default: str) -> str:
        text = self.text(name, default)
        if not _is_web(text):
            self.wrong(name, f"is {text!r}, not a URL", "write https://host/path")
        elif text.startswith("http:") and not _is_here(text):
            self.wrong(
                name,
                f"is {text!r}: tokens would travel in clear",
                "write https, or use a host on this machine",
            )
        return text

    def database_url(self) -> str:
        text = self.text("DATABASE_URL")
        if text and not _is_postgres(text):
            # Never the text itself: it has a password in it.
            self.wrong(
                "DATABASE_URL",
                "is not a Postgres URL",
                "write postgresql://user:password@host/database, with %-codes for "
                "signs such as / # ? @ [ in the password, or unset it to use the "
                "embedded Postgres",
            )
        return text

    def secret(self, name: str, *, least: int) -> str:
        text = self.text(name)
        if text and len(text) < least:
            self.wrong(name, f"is shorter than {least} characters", "make a longer one")
        return text

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        text = self.text(name, choices[0])
        if text not in choices:
            self.wrong(name, f"is {text!r}", f"use one of {', '.join(choices)}")
        return text

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.text(name, "yes" if default else "no").lower()
        if text not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
            self.wrong(name, f"is {text!r}", "use yes or no")
        return text in {"1", "true", "yes", "on"}

    def number(self, name: str, default: float) -> float:
        text = self.text(name, str(default))
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            self.wrong(name, f"is {text!r}, not a number from 0 up", "write e.g. 25")
        return number

    def together(self, names: tuple[str, ...]) -> bool:
        """Return whether all are set; some without the others is a problem."""
        missing = [name for name in names if not self.text(name)]
        given = [name for name in names if self.text(name)]
        for name in missing if given else ():
            self.wrong(name, "is not set", f"set it too, or unset {', '.join(given)}")
        return not missing

    def check_names(self) -> None:
        """Report misspelt settings of our own."""
        # Without the prefix, or everything would be near to everything.
        known = {name.removeprefix("DESKHAND_"): name for name in NAMES}
        for name in self._environment:
            if name.startswith("DESKHAND_") and name not in NAMES:
                near = get_close_matches(name.removeprefix("DESKHAND_"), known, n=1)
                fix = f"did you mean {known[near[0]]}?" if near else "unset it"
                self.wrong(name, "is not a setting", fix)


def _is_here(text: str) -> bool:
    host = urlsplit(text).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _is_postgres(url: str) -> bool:
    scheme = url.partition("://")[0].partition("+")[0]
    try:
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2]
        # Several hosts with ports are Postgres's own way; each has one number.
        ports = [host.rpartition("]")[2].partition(":")[2] for host in hosts.split(",")]
    except ValueError:
        return False
    readable = not parts.fragment and all(p == "" or p.isdecimal() for p in ports)
    return scheme in {"postgres", "postgresql"} and readable


def _slack(reader: _Reader) -> SlackSettings | None:
    for name in ("SLACK_APP_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        if reader.text(name):
            reader.wrong(
                name,
                "is set, but Socket Mode and OAuth for many workspaces are not in "
                "this release",
                "unset it and use SLACK_SIGNING_SECRET with SLACK_BOT_TOKEN",
            )
    api_url = reader.url("SLACK_API_URL", "https://slack.com/api/")
    token = reader.text("SLACK_BOT_TOKEN")
    if token and not token.startswith("xoxb-"):
        reader.wrong(
            "SLACK_BOT_TOKEN",
            "does not start with xoxb-",
            "copy the Bot User OAuth Token from the app's OAuth page",
        )
    if not reader.together(("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN")):
        return None
    return SlackSettings(
        signing_secret=reader.text("SLACK_SIGNING_SECRET"),
        bot_token=token,
        api_url=api_url if api_url.endswith("/") else f"{api_url}/",
    )


def _teams(reader: _Reader) -> TeamsSettings | None:
    anonymous = reader.flag("TEAMS_ALLOW_ANONYMOUS")
    app_type = reader.choice("MICROSOFT_APP_TYPE", APP_TYPES)
    tenant = reader.text("MICROSOFT_APP_TENANT_ID")
    token_url = reader.url(
        "TEAMS_TOKEN_URL",
        "https://login.microsoftonline.com/"
        f"{tenant if app_type == 'SingleTenant' and tenant else 'botframework.com'}"
        "/oauth2/v2.0/token",
    )
    metadata_url = reader.url("TEAMS_OPENID_METADATA_URL", _PUBLIC_METADATA)
    names = ("MICROSOFT_APP_ID", "MICROSOFT_APP_PASSWORD", "MICROSOFT_APP_TENANT_ID")
    if anonymous and reader.text("MICROSOFT_APP_ID"):
        reader.wrong(
            "TEAMS_ALLOW_ANONYMOUS",
            "is on although MICROSOFT_APP_ID is set",
            "turn it off: it is only for local clients without an app",
        )
    if not anonymous and not reader.together(names):
        return None
    listed = reader.text("TEAMS_SERVICE_URLS")
    return TeamsSettings(
        app_id=reader.text("MICROSOFT_APP_ID"),
        app_password=reader.text("MICROSOFT_APP_PASSWORD"),
        tenant_id=tenant,
        app_type=app_type,
        metadata_url=metadata_url,
        token_url=token_url,
        service_urls=tuple(u.strip() for u in listed.split(",") if u.strip())
        or _PUBLIC_SERVICE_URLS,
        allow_anonymous=anonymous,
    )


def _model(reader: _Reader) -> ModelSettings:
    return ModelSettings(
        api_key=reader.text("ANTHROPIC_API_KEY"),
        base_url=reader.url("ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
        model=reader.text("DESKHAND_MODEL", DEFAULT_MODEL),
        fallback=reader.text("DESKHAND_FALLBACK_MODEL"),
        summaries=reader.text("DESKHAND_SUMMARY_MODEL"),
        words_per_second=reader.number("DESKHAND_WORDS_PER_SECOND", 25.0),
    )

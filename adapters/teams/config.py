"""What the Teams adapter must be told, checked when it is built.

The defaults are Microsoft's public cloud. Other clouds, and stand-ins that speak the
same protocol, differ only in these values: there is no second code path for them.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Literal

from yarl import URL

from bot.errors import ConfigError

AppType = Literal["SingleTenant", "MultiTenant"]

METADATA_URL = "https://login.botframework.com/v1/.well-known/openidconfiguration"
"""Where the public cloud says which keys sign its activities.

Source:
    https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""
TOKEN_URL = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"  # noqa: S105 - an address
"""Where the bot gets its tokens; ``{tenant}`` is filled in."""
SERVICE_URLS = (
    "smba.trafficmanager.net",
    "smba.infra.gcc.teams.microsoft.com",
    "smba.infra.gov.teams.microsoft.us",
)
"""Hosts that Teams is known to give as ``serviceUrl``.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
"""
DEFAULT_SERVICE_URL = "https://smba.trafficmanager.net/teams/"
"""Serves people who have never written to the bot (worldwide end point)."""
_SHARED_TENANT = "botframework.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsConfig:
    """One bot registration, and which parties it trusts.

    Raises:
        ConfigError: The values contradict each other; all problems at once.
    """

    app_id: str = ""
    app_password: str = ""
    tenant_id: str = ""
    app_type: AppType = "SingleTenant"
    metadata_url: str = METADATA_URL
    token_url: str = TOKEN_URL
    service_urls: tuple[str, ...] = SERVICE_URLS
    """Trusted connectors: a host (https only), or a URL whose path is a prefix."""
    allow_anonymous: bool = False
    """Accept unsigned activities from this machine, about this machine only."""
    default_service_url: str = DEFAULT_SERVICE_URL

    def __post_init__(self) -> None:
        if problems := [*_identity_problems(self), *_address_problems(self)]:
            raise ConfigError("the Teams configuration", problems)

    @property
    def issuer(self) -> str:
        """Who must have issued inbound tokens: one per cloud."""
        host = URL(self.metadata_url).host or ""
        cloud = "us" if host.endswith(".us") else "com"
        return f"https://api.botframework.{cloud}"

    @property
    def token_endpoint(self) -> str:
        """Where tokens for this app are issued."""
        tenant = self.tenant_id if self.app_type == "SingleTenant" else _SHARED_TENANT
        return self.token_url.replace("{tenant}", tenant or _SHARED_TENANT)

    @property
    def only_tenant(self) -> str:
        """The one tenant that may talk to this bot; empty: any."""
        return self.tenant_id if self.app_type == "SingleTenant" else ""

    def trusts(self, service_url: str) -> bool:
        """Return whether the bot's token may be sent to ``service_url``."""
        url = _parsed(service_url)
        return url is not None and any(
            _covers(entry, url) for entry in self.service_urls
        )

    def accepts(self, service_url: str) -> bool:
        """Return whether the bot may talk to ``service_url`` at all."""
        return self.trusts(service_url) or (
            self.allow_anonymous and is_loopback_url(service_url)
        )


def is_loopback(host: str) -> bool:
    """Return whether ``host``, a name or an IP address, is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def is_loopback_url(text: str) -> bool:
    """Return whether ``text`` is a plain URL on this machine."""
    url = _parsed(text)
    return url is not None and is_loopback(url.host or "")


def _parsed(text: str) -> URL | None:
    # yarl is what connects later, so yarl must be what decides; whatever two
    # parsers could read differently is refused.
    if not text.isascii() or not text.isprintable() or set(text) & set("\\ @%?#"):
        return None
    try:
        url = URL(text)
    except ValueError:
        return None
    return url if url.scheme in {"http", "https"} and url.host else None


def _entry(text: str) -> URL | None:
    return _parsed(text if "://" in text else f"https://{text}")


def _covers(entry: str, url: URL) -> bool:
    allowed = _entry(entry)
    if allowed is None:
        return False
    if (allowed.scheme, allowed.host, allowed.port) != (url.scheme, url.host, url.port):
        return False
    prefix = allowed.path.rstrip("/")
    return url.path == prefix or url.path.startswith(f"{prefix}/")


def _identity_problems(config: TeamsConfig) -> list[str]:
    found: list[str] = []
    if not config.app_id:
        if not config.allow_anonymous:
            found.append("MICROSOFT_APP_ID is empty; set it to the bot's app id")
        return found
    if not config.app_password:
        found.append("MICROSOFT_APP_PASSWORD is empty; set it to the app's secret")
    if config.app_type not in {"SingleTenant", "MultiTenant"}:
        found.append(
            f"MICROSOFT_APP_TYPE is {config.app_type!r}; use SingleTenant or"
            " MultiTenant (managed identities are not supported)"
        )
    elif config.app_type == "SingleTenant" and not config.tenant_id:
        found.append(
            "MICROSOFT_APP_TENANT_ID is empty; a SingleTenant bot needs its tenant"
        )
    return found


def _address_problems(config: TeamsConfig) -> list[str]:
    found = [
        f"{name} is {value!r}, which is not an http(s) URL"
        for name, value in (
            ("TEAMS_OPENID_METADATA_URL", config.metadata_url),
            ("TEAMS_TOKEN_URL", config.token_endpoint),
        )
        if not value.startswith(("https://", "http://"))
    ]
    found += [
        f"TEAMS_SERVICE_URLS has {entry!r}, which is neither a host nor an http(s) URL"
        for entry in config.service_urls
        if _entry(entry) is None
    ]
    if config.app_id and not config.trusts(config.default_service_url):
        found.append(
            f"the default service URL {config.default_service_url!r} is not covered"
            " by TEAMS_SERVICE_URLS"
        )
    return found

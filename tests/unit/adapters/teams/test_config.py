from typing import Any

import pytest

from adapters.teams.config import TeamsConfig, is_loopback_url
from bot.errors import ConfigError

REGISTERED: dict[str, Any] = {
    "app_id": "app",
    "app_password": "secret",
    "tenant_id": "tenant",
}


def config(**changes: Any) -> TeamsConfig:  # noqa: ANN401 - any field
    return TeamsConfig(**REGISTERED | changes)


@pytest.mark.parametrize(
    "url",
    [
        "https://smba.trafficmanager.net/teams/",
        "https://smba.trafficmanager.net/emea/",
        "https://smba.trafficmanager.net",
        "https://smba.trafficmanager.net:443/amer/",
        "https://smba.infra.gcc.teams.microsoft.com/gcc",
        "https://smba.infra.gov.teams.microsoft.us/gcch",
    ],
)
def test_microsofts_connectors_are_trusted(url: str) -> None:
    assert config().trusts(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "smba.trafficmanager.net",
        "http://smba.trafficmanager.net/teams/",
        "https://smba.trafficmanager.net:8443/teams/",
        "https://smba.trafficmanager.net.evil.example/teams/",
        "https://evil.example/smba.trafficmanager.net/",
        "https://smba.trafficmanager.net@evil.example/",
        "https://evil.example\\@smba.trafficmanager.net/",
        "https://evil.example#@smba.trafficmanager.net/",
        "https://evil.example?x=https://smba.trafficmanager.net/",
        "https://evil.example/ https://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net\r\nHost: evil.example/",
        "ftp://smba.trafficmanager.net/",
        "https://smba。trafficmanager.net/",
        "https://",
        "https://[::1",
        "http://127.0.0.1:4000/",
    ],
)
def test_nobody_else_is_trusted(url: str) -> None:
    assert not config().trusts(url)
    assert not config().accepts(url)


def test_a_stand_in_is_trusted_by_setting_and_only_under_its_path() -> None:
    made = config(
        service_urls=("http://127.0.0.1:4100/teams",),
        default_service_url="http://127.0.0.1:4100/teams/",
    )
    assert made.trusts("http://127.0.0.1:4100/teams/")
    assert made.trusts("http://127.0.0.1:4100/teams/x")
    assert not made.trusts("http://127.0.0.1:4100/teamsters/")
    assert not made.trusts("http://127.0.0.1:4100/teams/../keys/")
    assert not made.trusts("http://127.0.0.1:4101/teams/")
    assert not made.trusts("https://127.0.0.1:4100/teams/")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:56150/_connector", True),
        ("http://localhost:1/", True),
        ("http://[::1]:1/", True),
        ("http://localhost.evil.example/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_loopback_is_this_machine(url: str, *, local: bool) -> None:
    assert is_loopback_url(url) is local
    assert TeamsConfig(allow_anonymous=True).accepts(url) is local


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        config(
            app_password="",
            tenant_id="",
            token_url="nowhere",
            service_urls=("not a host",),
        )
    for word in ("PASSWORD", "TENANT_ID", "TOKEN_URL", "SERVICE_URLS", "default"):
        assert word in str(caught.value)


def test_a_bot_without_an_id_is_refused_unless_it_is_anonymous() -> None:
    with pytest.raises(ConfigError, match="MICROSOFT_APP_ID"):
        TeamsConfig()
    assert TeamsConfig(allow_anonymous=True).only_tenant == ""


def test_each_cloud_has_its_issuer() -> None:
    assert config().issuer == "https://api.botframework.com"
    government = config(
        metadata_url="https://login.botframework.azure.us/v1/.well-known/openidconfiguration"
    )
    assert government.issuer == "https://api.botframework.us"


def test_tokens_come_from_the_bots_own_tenant_or_the_shared_one() -> None:
    assert "/tenant/" in config().token_endpoint
    assert config().only_tenant == "tenant"
    shared = config(app_type="MultiTenant")
    assert "/botframework.com/" in shared.token_endpoint
    assert shared.only_tenant == ""

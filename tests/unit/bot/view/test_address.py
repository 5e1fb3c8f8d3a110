"""Addresses that may be shown as a link."""

import pytest

from bot.view.address import LONGEST, https_address

TICKET = "https://acme.example/browse/IT-42"


@pytest.mark.parametrize(
    "address",
    [
        TICKET,
        "https://acme.example",
        "https://acme.example:8443/a_b/~c?sys_id=0a%3D&x=1#part",
    ],
)
def test_an_https_address_is_shown_as_it_is(address: str):
    assert https_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://acme.example/",
        "javascript:alert(1)",
        "https://",
        "https://okta.example@evil.example/",
        "https://evil.example/|Okta",
        "https://evil.example/>x<!channel>",
        "https://evil.example/)[Okta](https://okta.example",
        "https://evil.example/{{DATE(2026)}}",
        "https://evil.example/ <at>Ada</at>",
        "https://evil.example\\@okta.example/",
        "https://еvil.example/",  # noqa: RUF001 - the point is that it is another letter
        "https://evil.example/\u202egpj.exe",
        f"{TICKET}\n",
        f"{TICKET}?{'x' * LONGEST}",
    ],
)
def test_anything_else_is_no_link(text: str):
    assert not https_address(text)

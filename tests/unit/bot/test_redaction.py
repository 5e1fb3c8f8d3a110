"""Secrets are found wherever they stand, and prose is left alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.redaction import HIDDEN, redacted, redacted_entry, redacted_json

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PLAIN = st.text(alphabet=LETTERS, min_size=36, max_size=60)
HEX = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)
UPPER = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=16)
FORMS = st.one_of(
    PLAIN.map(lambda s: f"xoxb-{s}"),
    PLAIN.map(lambda s: f"xoxe.xoxp-{s}"),
    PLAIN.map(lambda s: f"xapp-1-{s}"),
    PLAIN.map(lambda s: f"ghp_{s}"),
    PLAIN.map(lambda s: f"github_pat_{s}"),
    PLAIN.map(lambda s: f"glpat-{s}"),
    PLAIN.map(lambda s: f"sk-ant-api03-{s}"),
    PLAIN.map(lambda s: f"sk_live_{s}"),
    PLAIN.map(lambda s: f"AIza{s[:35]}"),
    PLAIN.map(lambda s: f"npm_{s}"),
    PLAIN.map(lambda s: f"hf_{s}"),
    UPPER.map(lambda s: f"AKIA{s}"),
    HEX.map(lambda s: f"dop_v1_{s}"),
    st.tuples(PLAIN, PLAIN, PLAIN).map(lambda p: f"eyJ{p[0]}.{p[1]}.{p[2]}"),
)
"""Secrets of a form of their own."""
AROUND = st.sampled_from(["", " ", "\n", '"', "'", "`", "(", ")", ",", "=", ": ", "|"])
PHRASES = st.sampled_from(
    [
        "https://bot:{}@db.example/x",
        "postgresql+asyncpg://bot:{}@db:5432/x",
        "Server=db;User=bot;Password={};Encrypt=yes",
        "AccountKey={};EndpointSuffix=core",
        "Authorization: Bearer {}",
        "authorization: basic {}",
        "password: {}1",
        "The password is {}1.",
        "API_KEY={}",
        "client_secret = '{}'",
        "Kennwort: {}7",
        "contraseña: {}7",
        "https://hooks.slack.com/services/T0/B0/{}",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}",
    ]
)
"""Where a secret without a form may stand."""


@given(FORMS, AROUND, AROUND)
def test_a_secret_of_a_known_form_is_found_anywhere(
    secret: str, before: str, after: str
):
    shown = redacted(f"Here{before or ' '}{secret}{after or ' '}it is.")
    assert secret not in shown and secret[-20:] not in shown
    assert HIDDEN in shown
    assert shown.startswith("Here") and shown.endswith("it is.")


@given(PHRASES, PLAIN)
def test_a_plain_secret_is_found_where_its_place_says_what_it_is(
    phrase: str, secret: str
):
    assert secret not in redacted(f"Note: {phrase.format(secret)} (end)")


@given(st.one_of(st.text(), PHRASES, st.builds(str.format, PHRASES, st.text())))
def test_doing_it_again_changes_nothing(text: str):
    once = redacted(text)
    assert redacted(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "Reset your password: open the portal and choose “Forgot password”.",
        "Passphrase: at least 14 characters.",
        "A token is a code from your phone.",
        "Ask your manager: https://intranet.example/a:b?c=d",
        "Ticket IT-7, order HW-12, approval 3f9a1c.",
        "repo/design-system needs read access; keys: see the desk.",
        "basic access is free of charge",
        "mail me at maya@example.com: thanks",
        "The secret is out: everybody gets a new laptop.",
    ],
)
def test_prose_stays_as_it_is(text: str):
    assert redacted(text) == text


@given(FORMS)
def test_json_is_looked_into(secret: str):
    content: JsonValue = {"rows": [{"note": f"use {secret}"}], secret: 1, "n": 7}
    shown = json.dumps(redacted_json(content))
    assert secret not in shown and '"n": 7' in shown


def test_what_stands_under_the_name_of_a_secret_is_hidden():
    content: JsonValue = {
        "apiKey": "plain",
        "user": {"password": "plain", "name": "Maya"},
        "client-secret": "plain",
        "tokens": 12,
        "token": 12,
        "passwordPolicy": "fourteen",
    }
    assert redacted_json(content) == {
        "apiKey": HIDDEN,
        "user": {"password": HIDDEN, "name": "Maya"},
        "client-secret": HIDDEN,
        "tokens": 12,
        "token": 12,
        "passwordPolicy": "fourteen",
    }


def test_a_logged_value_keeps_its_kind():
    assert redacted_entry("count", 3) == 3
    assert redacted_entry("error", "at xoxb-1234567890-abcdef") == f"at {HIDDEN}"
    assert redacted_entry("args", ("password=x", 2)) == (f"password={HIDDEN}", 2)


@pytest.mark.parametrize("hostile", ["eyJ", "a:", "password ", "://", "a://", "token="])
def test_text_made_to_be_slow_is_not(hostile: str):
    redacted(hostile * 100_000)  # pytest's own limit is the judge: it takes a second

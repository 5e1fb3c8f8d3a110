from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import said
from adapters.slack.parse import Ignored, parse_message, why_ignored
from bot.protocol.inbound import Said
from tests.support.slack import ME, NOW

Load = Callable[[str], dict[str, Any]]


def heard(payload: dict[str, Any]) -> Said:
    parsed = parse_message(payload, ME, now=NOW)
    assert isinstance(parsed, Said)
    return parsed


def test_a_mention_starts_a_thread_at_its_own_message(load: Load):
    message = heard(load("app_mention"))
    assert message.address.channel == "C1"
    assert message.address.thread == "1763640000.000100"
    assert message.address.conversation_id == "slack:T1:C1:1763640000.000100"
    assert not message.address.personal
    assert message.address.user == "U7"  # streams need somebody to stream to
    assert message.user.user_id == "U7"
    assert message.at == datetime(2025, 11, 20, 12, 0, 0, 100, tzinfo=UTC)


def test_a_mention_reads_as_plain_text(load: Load):
    assert heard(load("app_mention")).text == (
        "can I get *read* access & a seat? ask @dana or see "
        "the wiki (https://wiki.example/a?b=1&c=2)"
    )


def test_a_direct_message_is_personal_and_starts_a_thread(load: Load):
    message = heard(load("message_im"))
    assert message.address.personal
    assert message.address.user == "U7"
    assert message.address.thread == "1763640010.000100"
    assert message.text == "My laptop <3 is slow"


def test_a_reply_in_a_direct_message_stays_in_its_thread(load: Load):
    payload = load("message_im")
    payload["event"]["thread_ts"] = "1763640000.000100"
    assert heard(payload).address.thread == "1763640000.000100"


def test_a_reply_among_others_is_none_of_the_bots_business(load: Load):
    assert isinstance(parse_message(load("thread_reply"), ME, now=NOW), Ignored)


def test_a_reply_in_a_thread_that_the_bot_started_is_for_the_bot(load: Load):
    payload = load("thread_reply")
    payload["event"]["parent_user_id"] = "UBOT"
    assert heard(payload).address.thread == "1763640000.000100"


def test_a_reply_that_mentions_the_bot_is_for_the_bot(load: Load):
    payload = load("thread_reply")
    payload["event"]["text"] = "<@UBOT> write access, not read"
    assert heard(payload).text == "write access, not read"


def test_a_channel_message_without_a_mention_is_ignored(load: Load):
    payload = load("message_with_mention")
    payload["event"]["text"] = "lunch?"
    assert isinstance(parse_message(payload, ME, now=NOW), Ignored)


def test_files_are_told_by_name(load: Load):
    payload = load("file_share")
    assert not why_ignored(payload, ME)
    assert heard(payload).text == "[attached: error.png]"


def test_a_bare_mention_is_not_empty(load: Load):
    payload = load("app_mention")
    payload["event"]["text"] = "<@UBOT>"
    assert heard(payload).text


def test_a_timestamp_that_is_none_means_now(load: Load):
    payload = load("app_mention")
    payload["event"]["ts"] = "soon"
    assert heard(payload).at == NOW


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@UBOT> hi", "hi"),
        ("<@UBOT|deskhand>: hi", "hi"),
        ("hey <@UBOT>, hi", "hey hi"),
        ("<@U9> and <@U9|dana>", "@U9 and @dana"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<!here> <!channel> <!everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@it-team> <!subteam^S1>", "@it-team @subteam"),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
        ("<https://a.example>", "https://a.example"),
        ("<https://a.example|https://a.example>", "https://a.example"),
        ("<http://a.example|a.example>", "a.example (http://a.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("a &lt;@U9&gt; b", "a <@U9> b"),
        ("&amp;lt;", "&lt;"),
        ("if a &lt; b:\n    pass", "if a < b:\n    pass"),
    ],
)
def test_slacks_tokens_are_read_as_people_see_them(text: str, read: str):
    assert said.plain_text(text, "UBOT") == read


@given(st.text())
def test_typed_text_comes_through_as_typed(typed: str):
    """Slack escapes three characters of what people type, and nothing else."""
    sent = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert said.plain_text(sent, "UBOT") == typed.strip()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "team", "user", "subtype", "id", "type"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["event", "team", "user", "authorizations"]), json_values
    )
)
def test_any_object_is_either_ignored_or_not(body: dict[str, Any]):
    assert isinstance(why_ignored(body, ME), str)

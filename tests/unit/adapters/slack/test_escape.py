import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import escape


@pytest.mark.parametrize(
    "token", ["<!channel>", "<!here>", "<@U1>", "<!subteam^S1>", "<https://x|y>"]
)
def test_no_token_survives_any_escaper(token: str):
    for shown in (escape.mrkdwn(token), escape.plain(token), escape.markdown(token)):
        assert not any(mark in shown for mark in ("<!", "<@", "<h"))


def test_ampersands_stay_whole_in_markdown_and_not_in_mrkdwn():
    assert escape.markdown("https://a.example/?b=1&c=2").endswith("?b=1&c=2")
    assert escape.mrkdwn("a & b") == "a &amp; b"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[Okta](https://evil.example)", "Okta (https://evil.example)"),
        ("![logo](https://evil.example/?q=s)", "logo (https://evil.example/?q=s)"),
        ('[a](https://b.example "title")', "a (https://b.example)"),
        ("[a](<https://b.example>)", "a (https://b.example)"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("[a [b] c](https://evil.example)", "a [b] c (https://evil.example)"),
        ("[a](evil(x)", "[a]\\(evil(x)"),
        ("see <https://a.example>.", "see https://a.example."),
        ("[1]: https://evil.example", "[1]\\: https://evil.example"),
        ("`[a](b)`", "`[a](b)`"),
        ("# Steps #", "**Steps**"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("> quoted <b>", "> quoted &lt;b&gt;"),
        ("1. **a**\n2. _b_", "1. **a**\n2. _b_"),
        ("```\n# not a heading\n<x>\n```", "```\n# not a heading\n&lt;x&gt;\n```"),
    ],
)
def test_markdown_keeps_its_form_and_links_show_where_they_lead(
    written: str, shown: str
):
    assert escape.markdown(written) == shown


def test_a_link_cannot_hide_between_ticks_of_two_paragraphs():
    text = "a ` b [Okta](https://evil.example)\n\nc ` d"
    assert "Okta (https://evil.example)" in escape.markdown(text)


def test_a_value_cannot_pose_as_two_lines_or_run_backwards():
    assert escape.one_line("a\n *Status*: ok\u202e\x00") == "a *Status*: ok"


@given(st.text(), st.integers(2, 40))
def test_what_is_cut_is_within_the_limit_and_cuts_no_entity(text: str, limit: int):
    shown = escape.fit(text, limit, escape=escape.mrkdwn)
    assert len(shown) <= limit
    assert shown.count("&") == shown.count("&amp;") + shown.count("&lt;") + shown.count(
        "&gt;"
    )


@given(st.text(alphabet="<!@[]()`>#-\n a|:"))
def test_markdown_never_opens_a_token(text: str):
    assert "<" not in escape.markdown(text)

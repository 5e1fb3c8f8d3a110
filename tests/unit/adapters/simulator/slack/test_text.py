"""What Slack makes of what people type."""

import pytest

from adapters.simulator.slack.text import read_typed

NAMES = {"deskhand": "U0BOT", "ada byron": "U0ADA", "ada": "U0ADA"}


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("@Deskhand help", "<@U0BOT> help"),
        ("@deskhand, please", "<@U0BOT>, please"),
        ("<@U0BOT> help", "<@U0BOT> help"),
        ("<@U0EVE> <!channel>", "&lt;@U0EVE&gt; &lt;!channel&gt;"),
        ("ask @Ada Byron", "ask <@U0ADA>"),
        ("@deskhands", "@deskhands"),
        ("see https://x.test/a?b=1&c=2.", "see <https://x.test/a?b=1&amp;c=2>."),
        ("mail me@x.test", "mail <mailto:me@x.test|me@x.test>"),
        ("", ""),
    ],
)
def test_text_is_sent_as_slack_writes_it(typed: str, sent: str) -> None:
    assert read_typed(typed, NAMES).text == sent


def test_the_same_is_there_as_rich_text() -> None:
    typed = read_typed("@Deskhand a < b", NAMES)
    assert typed.elements == (
        {"type": "user", "user_id": "U0BOT"},
        {"type": "text", "text": " a < b"},
    )
    assert typed.mentioned == {"U0BOT"}

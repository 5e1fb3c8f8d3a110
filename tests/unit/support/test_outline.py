import pytest

from tests.support.outline import OutlineError, read_outline

DOCUMENT = """\
name: x # a comment

services:
  bot:
    image: "a:1"
    ports:
      - "127.0.0.1:1:1"
      - b:/c
    env_file:
      - path: .env
        required: false
    cap_drop: [ALL]
"""


def test_every_key_and_list_entry_has_its_path() -> None:
    assert read_outline(DOCUMENT) == {
        ("name",): "x",
        ("services",): "",
        ("services", "bot"): "",
        ("services", "bot", "image"): "a:1",
        ("services", "bot", "ports"): "",
        ("services", "bot", "ports", "0"): "127.0.0.1:1:1",
        ("services", "bot", "ports", "1"): "b:/c",
        ("services", "bot", "env_file"): "",
        ("services", "bot", "env_file", "0", "path"): ".env",
        ("services", "bot", "env_file", "0", "required"): "false",
        ("services", "bot", "cap_drop"): "[ALL]",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a:\n\tb: 1\n", "line 2: indent"),
        ("a:\n   b: 1\n", "line 2: indent"),
        ("a: 1\na: 2\n", "line 2: a is there twice"),
        ("a: |\n  text over lines\n", "line 2: neither a key nor a list entry"),
    ],
)
def test_what_is_not_understood_is_an_error_with_its_line(
    text: str, problem: str
) -> None:
    with pytest.raises(OutlineError, match=problem):
        read_outline(text)

"""What can be imported, and what is said of what cannot."""

from pathlib import Path

import pytest

from bot.company.imports import LARGEST, articles_at
from bot.errors import ConfigError


def test_files_and_folders_are_read_and_named_by_their_paths(tmp_path: Path) -> None:
    (tmp_path / "it" / "net").mkdir(parents=True)
    (tmp_path / "it" / "net" / "vpn.md").write_text("---\ntitle: VPN\n---\nGo.")
    (tmp_path / "it" / "notes.TXT").write_text("Plain.")
    (tmp_path / "it" / "picture.png").write_bytes(b"\x89")
    (tmp_path / "alone.markdown").write_text("# Alone")
    found = articles_at([tmp_path / "it", tmp_path / "alone.markdown"])
    assert [(a.ref, a.title, a.body) for a in found] == [
        ("net/vpn", "VPN", "Go."),
        ("notes", "Notes", "Plain."),
        ("alone", "Alone", "# Alone"),
    ]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a").mkdir()
    for file in (tmp_path / "a" / "x.md", tmp_path / "x.md"):
        file.write_text("x")
    (tmp_path / "page.html").write_text("<p>")
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe")
    (tmp_path / "long.txt").write_text("x" * (LARGEST + 1))
    names = ("a", "x.md", "empty", "gone.md", "page.html", "bytes.md", "long.txt")
    with pytest.raises(ConfigError) as caught:
        articles_at([*(tmp_path / n for n in names), Path("https://kb.example/vpn")])
    told = str(caught.value)
    for words in (
        "would both be 'x'",
        "empty has no file that ends in",
        "there is no",
        "page.html is none of .markdown, .md, .txt",
        "bytes.md is not usable",
        "long.txt is larger than 1,000,000 bytes",
        "is an address; save the page",
    ):
        assert words in told
    assert len(caught.value.problems) == 7

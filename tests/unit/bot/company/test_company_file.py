"""The company file: every wrong reference is named, every duration read."""

from pathlib import Path

import pytest

from bot.company.entries import seconds_of
from bot.company.file import load_articles, load_company
from bot.errors import ConfigError

ROOT = Path(__file__).parents[4]
GOOD = """
[company]
name = "Example"

[[people]]
id = "ada"
name = "Ada"
email = "ada@example.com"
manager = "grace"

[[people]]
id = "grace"
name = "Grace"
email = "grace@example.com"

[groups]
security = ["ada"]

[[resources]]
id = "repo/website"
kind = "repository"
name = "website"
owner = "grace"
grants = ["read"]
specialist = "software"

[[policies]]
name = "ask"
resource = "repo/*"
approval = [{ by = "manager", within = "24h", then = "escalate" }]
"""


def problems_of(tmp_path: Path, text: str) -> str:
    """Return what is wrong with a file that says ``text``."""
    path = tmp_path / "company.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_company(path)
    assert str(path) in str(caught.value)
    return "\n".join(caught.value.problems)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "company.toml"
    path.write_text(GOOD, "utf-8")
    company = load_company(path)
    assert company.company.name == "Example"
    ada = company.person("ada")
    assert ada and ada.manager == "grace"
    assert company.person("nobody") is None
    resource = company.resource("repo/website")
    assert resource and resource.owner == "grace"
    assert company.resource("repo/other") is None
    approval = company.policies[0].approval
    assert isinstance(approval, tuple) and approval[0].within == 86400


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('manager = "grace"', 'manager = "bob"', "ada: manager 'bob' is not among"),
        ('manager = "grace"', 'manager = "ada"', "ada: is their own manager"),
        ('["ada"]', '["bob"]', "group 'security': 'bob' is not among the people"),
        ('owner = "grace"', 'owner = "bob"', "resource 'repo/website': owner 'bob'"),
        ('by = "manager"', 'by = "bob"', "policy 'ask': by = 'bob' is nobody"),
        ('by = "manager"', 'by = "group:x"', "policy 'ask': there is no group:x"),
        ('"escalate"', '"group:x"', "policy 'ask': there is no group:x"),
        ('"escalate"', '"explode"', "policy 'ask': then = 'explode'"),
        ('id = "grace"', 'id = "ada"', "person 'ada' is there twice"),
        ('"24h"', '"soon"', "'soon' is not a duration; write it like 15m, 4h or 2d"),
        ('"24h"', "0", "policies #1 approval"),
        ('name = "Example"', 'name = ""', "company name"),
        ('kind = "repository"', "", "resources #1 kind"),
        ('kind = "repository"', "kind = 7", "resources #1 kind"),
        ('name = "Ada"', 'name = "Ada"\nnickname = "A"', "people #1 nickname"),
        ('name = "Ada"', 'name = "Ada"\nreach_on = "fax"', "people #1 reach_on"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in GOOD
    assert problem in problems_of(tmp_path, GOOD.replace(old, new))


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('manager = "grace"', 'manager = "bob"')
    text = text.replace('owner = "grace"', 'owner = "eve"')
    text = text.replace('by = "manager"', 'by = "mallory"')
    told = problems_of(tmp_path, text)
    for who in ("bob", "eve", "mallory"):
        assert who in told


def test_a_resource_that_is_there_twice_is_named(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("[[resources]]") : GOOD.index("[[policies]]")]
    told = problems_of(tmp_path, GOOD + again)
    assert "resource 'repo/website' is there twice" in told


def test_a_file_that_is_not_there_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="set DESKHAND_CONFIG to your file"):
        load_company(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("text", [b"[company", b"\xff\xfe", b"= 1"])
def test_a_file_that_is_not_toml_says_so(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "company.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match="is not TOML"):
        load_company(path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15m", 900), ("4h", 14400), ("2d", 172800), ("1.5h", 5400), (" 1 d ", 86400)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "-4h", "4w", "4 hours", "1h30m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        seconds_of(text)


def test_articles_are_read_with_and_without_a_head(tmp_path: Path) -> None:
    path = tmp_path / "company.toml"
    path.write_text(GOOD, "utf-8")
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "wifi.md").write_text(
        "---\ntitle: Guest: Wi-Fi\nowner: it\nupdated: 2026-01-01\n---\n\nAsk.\n"
    )
    (folder / "car-park.md").write_text("Behind the house.\n")
    (folder / "notes.txt").write_text("no article")
    plain, wifi = load_articles(load_company(path), path)
    assert (wifi.ref, wifi.title, wifi.owner, wifi.updated, wifi.body) == (
        *("wifi", "Guest: Wi-Fi", "it"),
        *("2026-01-01", "Ask."),
    )
    assert (plain.ref, plain.title, plain.body) == (
        *("car-park", "Car park"),
        "Behind the house.",
    )


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "adapters/simulator/acme/company.toml",
        ROOT / "tests/companies/hospital/company.toml",
    ],
    ids=["sample", "hospital"],
)
def test_the_companies_that_come_along_are_good(path: Path) -> None:
    company = load_company(path)
    assert load_articles(company, path)

"""The rules of the house that no linter knows, and proof that the layers are watched.

Every import contract of ``pyproject.toml`` is broken once, in a copy, by one import:
that contract must break, and no other.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "agents", "adapters")
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "__pycache__" not in path.parts
)
SUPPORT = sorted(
    path for path in (ROOT / "tests").rglob("*.py") if "__pycache__" not in path.parts
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---------------------------------------------------------------------------- layers

CONTRACTS: dict[str, str] = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}
BREACHES = [
    ("arrows", "agents/catalog.py", "import adapters.slack.limits"),
    ("arrows", "adapters/slack/limits.py", "import agents.catalog"),
    ("core", "bot/pacing/plan.py", "import bot.view.nodes"),
    ("core", "bot/odds_and_ends.py", "import bot.errors"),
    ("pure", "bot/turn/decide.py", "import time"),
    ("pure", "bot/view/wording.py", "import structlog"),
    ("platforms", "adapters/slack/limits.py", "import adapters.teams.limits"),
    ("platforms", "adapters/teams/limits.py", "import adapters.simulator.journal"),
    ("store", "agents/catalog.py", "import bot.store.texts"),
    ("store", "adapters/console/api.py", "import bot.store.log"),
    ("acyclic", "agents/tools/tool.py", "import agents.loop"),
]
"""Contract, file, and the line that breaks the one in the other."""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their contracts, where they may be broken."""
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=lambda _folder, names: [
                n for n in names if "." in n and not n.endswith(".py")
            ],
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken_in(folder: Path) -> set[str]:
    """Return the names of the contracts that are broken."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, re.MULTILINE)
    assert {contract for contract, _ in told} == set(CONTRACTS.values()), (
        done.stdout + done.stderr
    )
    broken = {contract for contract, verdict in told if verdict == "BROKEN"}
    assert done.returncode == bool(broken)
    return broken


def test_the_layers_hold(copied: Path) -> None:
    assert broken_in(copied) == set()


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES)
def test_a_breach_breaks_its_contract_and_no_other(
    copied: Path, contract: str, file: str, line: str
) -> None:
    path = copied / file
    before = path.read_text("utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", "utf-8")
    try:
        assert broken_in(copied) == {CONTRACTS[contract]}
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, "utf-8")


def test_every_contract_is_proved() -> None:
    assert {contract for contract, _, _ in BREACHES} == set(CONTRACTS)


# ----------------------------------------------------------------------------- files

MAX_LINES = 400
NOT_NAMES = {
    *("util", "utils", "helper", "helpers", "common", "base", "misc"),
    *("manager", "handler", "service", "data", "info"),
}


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_stays_short(module: Path) -> None:
    lines = len(module.read_text("utf-8").splitlines())
    assert lines <= MAX_LINES, f"{name(module)} has {lines} lines; split it"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_says_what_it_is_for(module: Path) -> None:
    said = ast.get_docstring(ast.parse(module.read_text("utf-8")))
    assert said, f"{name(module)} has no docstring"


@pytest.mark.parametrize("module", [*MODULES, *SUPPORT], ids=name)
def test_a_module_has_a_name(module: Path) -> None:
    words = set(re.split(r"[^a-z]+", module.stem))
    assert not words & NOT_NAMES, f"{name(module)} is two things; name each"


def test_same_role_same_file_name_on_every_platform() -> None:
    roles = {"client", "ingress", "lanes", "limits", "parse", "render", "wording"}
    for platform in ("slack", "teams"):
        files = {p.stem for p in (ROOT / "adapters" / platform).glob("*.py")}
        assert roles <= files, platform


# ------------------------------------------------------------------------------- SQL

OF_OUR_NAMES = {
    "bot/app/database.py": 4,
    "adapters/simulator/bench/alone/parked.py": 1,
    "bot/store/approvals.py": 1,
    "bot/store/log.py": 1,
    "bot/store/people.py": 1,
    "bot/store/recognition.py": 1,
}
"""How many f-strings may be SQL, and where. PostgreSQL takes no parameters for the name
of a database, so that module quotes it itself; constant statements name their
columns from the schema once, at import; no value is ever in the text."""
STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|DROP|CREATE|ALTER|TRUNCATE|GRANT|"
    r"LISTEN|NOTIFY|WITH \w+ AS|SET )\b"
)


def built_sql(source: str) -> Iterator[str]:
    """Yield every SQL statement that is put together from values as text."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_]):
                pass
            case ast.BinOp(
                op=ast.Add() | ast.Mod(), left=ast.Constant(value=str(begin))
            ):
                pass
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Constant(value=str(begin)), attr="format" | "format_map"
                )
            ):
                pass
            case _:
                continue
        if STATEMENT.match(begin):
            yield ast.unparse(node)


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_no_sql_is_put_together_as_text(module: Path) -> None:
    found = list(built_sql(module.read_text("utf-8")))
    assert len(found) == OF_OUR_NAMES.get(name(module), 0), found


@pytest.mark.parametrize(
    "source",
    [
        'f"SELECT {x}"',
        'f"  delete from {x}".upper()'.replace("delete from", "DELETE FROM"),
        '"UPDATE t SET a = " + x',
        '"DROP TABLE %s" % x',
        '"CREATE TABLE {}".format(x)',
        'f"""\n  WITH a AS (SELECT {x})"""',
    ],
)
def test_sql_that_is_put_together_would_be_found(source: str) -> None:
    assert len(list(built_sql(source))) == 1


@pytest.mark.parametrize("source", ['"SELECT 1"', 'f"Updated {x}"', "f'{x} UPDATE'"])
def test_other_strings_are_not_sql(source: str) -> None:
    assert not list(built_sql(source))


# -------------------------------------------------------------------- no names in code

SAMPLE = tomllib.loads(
    (ROOT / "adapters/simulator/acme/company.toml").read_text("utf-8")
)
NAMES = {
    SAMPLE["company"]["name"],
    SAMPLE["company"]["help_channel"].lstrip("#"),
    *(value for p in SAMPLE["people"] for value in (p["id"], p["name"], p["email"])),
    *(value for p in SAMPLE["people"] for value in (p.get("slack"), p.get("entra"))),
    *(part for p in SAMPLE["people"] for part in p["name"].split() if len(part) > 4),
    *(value for r in SAMPLE["resources"] for value in (r["id"], r["name"])),
    *(p["name"] for p in SAMPLE["policies"]),
} - {None, ""}
"""Of the sample company. It is data: another company must work as well."""
GENERIC = {"VPN", "Figma"}
"""Words that the sample has in common with the world."""
WHERE_IT_LIES = "bot/commands/demo.py", "adapters/simulator/stage.py"
"""May name the folder of the sample company's files."""


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_no_name_of_the_sample_company_is_in_code(module: Path) -> None:
    text = module.read_text("utf-8")
    found = {
        word
        for word in NAMES - GENERIC
        if re.search(rf"(?<![\w/]){re.escape(word)}(?!\w)", text, re.IGNORECASE)
    }
    if name(module) in WHERE_IT_LIES:
        found -= {SAMPLE["company"]["name"]}
    assert not found, f"{name(module)} names {found}; that belongs into the file"

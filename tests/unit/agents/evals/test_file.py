"""What an error in a scenario file says."""

from pathlib import Path

import pytest

from agents.evals.file import Told, load_scenarios
from bot.errors import ConfigError
from tests.support.companies import BREWERY, SAMPLE, company_at


def told_of(text: str, folder: Path, *, only: str = "") -> list[Told]:
    file = folder / "mine.toml"
    file.write_text(text)
    return load_scenarios(company_at(SAMPLE), SAMPLE, [file], only)


def problems_of(text: str, folder: Path, *, only: str = "") -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        told_of(text, folder, only=only)
    return raised.value.problems


HELLO = """
[[scenario]]
name = "hello"
steps = [{ who = "maya.chen", says = "hi" }]
"""


def test_a_name_that_is_not_in_the_company_file_is_told_with_the_nearest(
    tmp_path: Path,
) -> None:
    text = """
    [[scenario]]
    name = "names"
    steps = [{ who = "maya.chan", says = "hi" }]
    [scenario.expect]
    effects = [
      { kind = "grant", what = "app/figmo", grant = "editor" },
      { kind = "grant", what = "app/figma", grant = "owner" },
    ]
    asks = [{ of = [["zorro"]] }]
    hands_to = ["softwear"]
    cites = ["vpm"]
    """
    said = problems_of(text, tmp_path)
    assert said[0] == (
        "'names': there is no person 'maya.chan'; did you mean 'maya.chen'?"
    )
    assert said[1].startswith("'names': there is no person 'zorro'; use one of amara")
    assert said[2:] == (
        "'names': there is no resource 'app/figmo'; did you mean 'app/figma'?",
        "'names': there is no specialist 'softwear'; did you mean 'software'?",
        "'names': there is no article 'vpm'; did you mean 'vpn'?",
        "'names': there is no grant of 'app/figmo' 'editor'",
        "'names': there is no grant of 'app/figma' 'owner'; use one of editor, viewer",
    )


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            '[{ who = "maya.chen", sais = "hi" }]',
            "scenario 'it' steps #1 sais: there is no such key; did you mean 'says'?",
        ),
        (
            '[{ who = "maya.chen", says = "hi", decides = "approve" }]',
            "scenario 'it' steps #1: write one of says, decides and stops",
        ),
        (
            '[{ who = "maya.chen", says = "hi", because = "so" }]',
            "scenario 'it' steps #1: 'because' means nothing for who says",
        ),
        (
            '[{ who = "maya.chen", decides = "approve" }]',
            "scenario 'it': somebody must say something first",
        ),
    ],
)
def test_a_step_that_means_nothing_is_told_with_its_place(
    steps: str, problem: str, tmp_path: Path
) -> None:
    text = f'[[scenario]]\nname = "it"\nsteps = {steps}\n'
    assert problems_of(text, tmp_path) == (problem,)


def test_a_scenario_without_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    text = f'{HELLO}\n[[scenario]]\nsteps = [{{ who = "maya.chen", says = "hi" }}]\n'
    assert problems_of(text, tmp_path) == ("scenario #2 name: Field required",)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    assert problems_of(HELLO + HELLO, tmp_path) == ("'hello' is there twice",)


def test_what_is_not_toml_says_where(tmp_path: Path) -> None:
    [problem] = problems_of("[[scenario]\n", tmp_path)
    assert problem.startswith("is not TOML: ")
    assert "line 1" in problem


def test_only_what_has_the_words_in_its_name_is_played(tmp_path: Path) -> None:
    both = HELLO + HELLO.replace("hello", "Good-bye")
    [told] = told_of(both, tmp_path, only="good")
    assert told.name == "mine: Good-bye"
    assert len(told_of(both, tmp_path, only="mine")) == 2
    [problem] = problems_of(both, tmp_path, only="evening")
    assert problem == "none of 2 has 'evening' in its name"


def test_files_that_run_together_happen_on_the_same_day(tmp_path: Path) -> None:
    files = [tmp_path / "one.toml", tmp_path / "two.toml"]
    files[0].write_text(HELLO)
    files[1].write_text(f"today = 2026-11-20\n{HELLO}")
    with pytest.raises(ConfigError, match="2026-11-20, none"):
        load_scenarios(company_at(SAMPLE), SAMPLE, files)


def test_without_files_those_beside_the_company_file_are_read(tmp_path: Path) -> None:
    assert len(load_scenarios(company_at(BREWERY), BREWERY, [])) == 14
    elsewhere = tmp_path / "company.toml"
    with pytest.raises(ConfigError, match=r"there is no \*\.toml in"):
        load_scenarios(company_at(BREWERY), elsewhere, [])

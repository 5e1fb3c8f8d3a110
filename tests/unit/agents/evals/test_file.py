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


HI = '{ who = "maya.chen", says = "hi" }'
HI_AS = '{{ who = "maya.chen", says = "hi", meanwhile = "{}" }}'
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
        "line 4, 'names': there is no person 'maya.chan'; did you mean 'maya.chen'?"
    )
    assert said[1].startswith(
        "line 10, 'names': there is no person 'zorro'; use one of amara"
    )
    assert said[2:] == (
        "line 7, 'names': there is no resource 'app/figmo'; did you mean 'app/figma'?",
        "line 11, 'names': there is no specialist 'softwear'; did you mean 'software'?",
        "line 12, 'names': there is no article 'vpm'; did you mean 'vpn'?",
        "line 7, 'names': there is no grant of 'app/figmo' 'editor'",
        "line 8, 'names': there is no grant of 'app/figma' 'owner'; use one of editor, viewer",
    )


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            '[{ who = "maya.chen", sais = "hi" }]',
            "line 3, scenario 'it' steps #1 sais: there is no such key; did you mean 'says'?",
        ),
        (
            '[{ who = "maya.chen", says = "hi", decides = "approve" }]',
            "line 3, scenario 'it' steps #1: write one of says, decides, stops and passes",
        ),
        (
            '[{ who = "maya.chen", says = "hi", because = "so" }]',
            "line 3, scenario 'it' steps #1: 'because' means nothing for who says",
        ),
        (
            '[{ who = "maya.chen", decides = "approve" }]',
            "line 1, scenario 'it': somebody must say something first",
        ),
        (
            '[\n{ says = "hi" },\n]',
            "line 4, scenario 'it' steps #1: write one of who and stranger",
        ),
        (
            '[{ who = "maya.chen", stranger = "Zoe", says = "hi" }]',
            "line 3, scenario 'it' steps #1: write one of who and stranger",
        ),
        (
            '[{ who = "maya.chen", email = "a@b.c", says = "hi" }]',
            (
                "line 3, scenario 'it' steps #1: 'email' is a stranger's; "
                "the company file has the others'"
            ),
        ),
        (
            '[{ stranger = "Zoe", says = "hi", email = "maya.chen@acme.example" }]',
            (
                "line 3, 'it': 'maya.chen@acme.example' is no stranger's; "
                "write who = 'maya.chen'"
            ),
        ),
        (
            '[{ who = "maya.chen", says = "hi", counts = false }]',
            (
                "line 3, scenario 'it' steps #1: "
                "'counts' means nothing for who only says something"
            ),
        ),
        (
            f'[{HI},\n{{ passes = "2h", who = "maya.chen" }}]',
            "line 4, scenario 'it' steps #2: 'who' means nothing where time passes",
        ),
        (
            f'[{HI},\n{{ passes = "2h", meanwhile = "hr" }}]',
            "line 4, scenario 'it' steps #2: 'meanwhile' means nothing where time passes",
        ),
        (
            f'[{HI},\n{{ passes = "soon" }}]',
            (
                "line 4, scenario 'it' steps #2 passes: "
                "'soon' is not a duration; write it like 15m, 4h or 2d"
            ),
        ),
        (
            '[{ who = "maya.chen", says = "hi", meanwhile = "coordinator" }]',
            "line 1, scenario 'it': the first step has none before it, so no meanwhile",
        ),
        (
            f"[{HI},\n{HI_AS.format('coordinatr')}]",
            "line 4, 'it': there is no agent 'coordinatr'; did you mean 'coordinator'?",
        ),
        (
            f"[{HI},\n{HI_AS.format('coordinator')},\n{HI_AS.format('hr')}]",
            (
                "line 1, scenario 'it': what is done meanwhile, one after the other, "
                "names one agent"
            ),
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
    assert problems_of(text, tmp_path) == ("line 6, scenario #2 name: Field required",)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    assert problems_of(HELLO + HELLO, tmp_path) == (
        "line 6: 'hello' is there twice, first on line 2",
    )


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
    assert len(load_scenarios(company_at(BREWERY), BREWERY, [])) == 18
    elsewhere = tmp_path / "company.toml"
    with pytest.raises(ConfigError, match=r"there is no \*\.toml in"):
        load_scenarios(company_at(BREWERY), elsewhere, [])

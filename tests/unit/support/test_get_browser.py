from pathlib import Path

import pytest

from tests.support.get_browser import bring, system_chromium

PASSES = '#!/bin/sh\necho "$@" >> {log}\n'
FAILS = "#!/bin/sh\necho no network; exit 1\n"
BRINGS_CHROMIUM = (
    "#!/bin/sh\n"
    'echo apt-get "$@" >> {log}\n'
    "case \"$*\" in *install*) printf '#!/bin/sh\\n' > {bin}/chromium\n"
    "chmod +x {bin}/chromium;; esac\n"
)


class Machine:
    """A folder of programs, and what was asked of them."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "log"
        self.environment = {"PATH": f"{self.bin}:/usr/bin/none:/bin/none"}

    def has(self, name: str, script: str) -> str:
        program = self.bin / name
        program.write_text(
            script.replace("{log}", str(self.log)).replace("{bin}", str(self.bin))
        )
        program.chmod(0o755)
        return str(program)

    def asked(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    for tool in ("printf", "chmod"):
        (machine.bin / tool).symlink_to(f"/usr/bin/{tool}")
    return machine


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_of_the_system_is_found_by_any_of_its_names(
    machine: Machine, name: str
) -> None:
    assert system_chromium(machine.environment["PATH"]) is None
    machine.has(name, PASSES)
    assert system_chromium(machine.environment["PATH"]) == machine.bin / name


def test_nothing_is_installed_where_there_is_a_browser(machine: Machine) -> None:
    machine.has("chromium", PASSES)
    playwright = machine.has("playwright", PASSES)
    machine.has("apt-get", PASSES)
    assert bring(machine.environment, playwright=playwright, root=True)
    assert machine.asked() == ""


def test_root_on_debian_gets_debians_browser_and_its_emoji(machine: Machine) -> None:
    machine.has("apt-get", BRINGS_CHROMIUM)
    playwright = machine.has("playwright", FAILS)
    assert bring(machine.environment, playwright=playwright, root=True)
    update, install = machine.asked().splitlines()
    assert "update" in update
    assert "chromium fonts-noto-color-emoji" in install


def test_who_is_not_root_gets_playwrights_browser(machine: Machine) -> None:
    machine.has("apt-get", BRINGS_CHROMIUM)
    playwright = machine.has("playwright", PASSES)
    assert bring(machine.environment, playwright=playwright, root=False)
    assert machine.asked() == "install chromium\n"


def test_playwrights_browser_stands_in_when_debians_cannot_be_had(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("apt-get", FAILS)
    playwright = machine.has("playwright", PASSES)
    assert bring(machine.environment, playwright=playwright, root=True)
    assert "no network" in capsys.readouterr().err


def test_where_no_browser_can_be_had_that_is_said(machine: Machine) -> None:
    machine.has("apt-get", FAILS)
    playwright = machine.has("playwright", FAILS)
    assert not bring(machine.environment, playwright=playwright, root=True)

"""Bring the browser that the page tests need, or say what to install.

Run by ``make test``. Looks first, quickly and quietly; a Debian-like system run as root
gets Debian's Chromium, everybody else Playwright's own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What a system calls the browser."""

_DEBIAN = (
    ("apt-get", "update", "-qq"),
    (
        *("apt-get", "install", "-qq", "-y", "--no-install-recommends"),
        *("chromium", "fonts-noto-color-emoji"),
    ),
)
_MISSING = """\
The page tests need a Chromium and none could be brought here. Do one of these:
  apt-get install chromium fonts-noto-color-emoji     as root, on Debian or Ubuntu
  install Google Chrome or Chromium                   anywhere else
  {playwright} install chromium     when its download server can be reached
Then run `make test` again.
"""


def system_chromium(path: str | None = None) -> Path | None:
    """Return the browser that the system has.

    Args:
        path: Folders to look in, as in ``PATH``; ``None``: those of the environment.
    """
    found = (shutil.which(name, path=path) for name in NAMES)
    return next((Path(one) for one in found if one), None)


def bring(environment: Mapping[str, str], *, playwright: str, root: bool) -> bool:
    """Install a browser where there is none; return whether there is one now.

    Args:
        environment: Whose ``PATH`` counts, and what installers are run with.
        playwright: The ``playwright`` command.
        root: Whether system packages may be installed.
    """
    path = environment.get("PATH", "")
    if system_chromium(path):
        return True
    if root and shutil.which("apt-get", path=path):
        sys.stderr.write("Installing Chromium for the page tests (apt-get)…\n")
        quiet = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
        if all(_runs(command, quiet) for command in _DEBIAN) and system_chromium(path):
            return True
    return _runs((playwright, "install", "chromium"), environment)


def _runs(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Run an installer; what it says matters only if it fails."""
    program = shutil.which(command[0], path=environment.get("PATH", ""))
    if program is None:
        return False
    done = subprocess.run(
        [program, *command[1:]],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-5:])
        sys.stderr.write(f"{' '.join(command)} failed:\n{end}\n")
    return done.returncode == 0


def main() -> int:
    """Bring the browser; return the exit status."""
    playwright = str(Path(sys.executable).with_name("playwright"))
    if bring(os.environ, playwright=playwright, root=os.geteuid() == 0):
        return 0
    sys.stderr.write(_MISSING.format(playwright=playwright))
    return 1


if __name__ == "__main__":
    sys.exit(main())

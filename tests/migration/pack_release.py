"""Build the wheel of a landed release, for the tests of rolling deploys beside it.

``python -m tests.migration.pack_release COMMIT``, in a checkout, once a release has
landed. The wheel replaces the one that is there. The same commit gives the same bytes:
files come from Git, hatchling writes a fixed date, and its version is fixed.
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RELEASES = Path(__file__).with_name("releases")
BUILD_BACKEND = "hatchling==1.33.0"
"""What wrote the wheel that is here; another version may write other bytes."""
LEFT_OUT = "adapters/simulator/page"
"""The demo's page: most of the bytes, and no bot needs it."""


def pack(commit: str, into: Path) -> Path:
    """Build ``commit``'s wheel in ``into`` and return its path."""
    files = subprocess.check_output(["git", "archive", commit], cwd=ROOT)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        with tarfile.open(fileobj=io.BytesIO(files)) as tar:
            tar.extractall(source, filter="data")
        shutil.rmtree(source / LEFT_OUT, ignore_errors=True)
        constraint = Path(folder, "constraint.txt")
        constraint.write_text(BUILD_BACKEND, "utf-8")
        command = [_uv(), "build", "--quiet", "--wheel", "--python", sys.executable]
        command += ["--build-constraint", str(constraint), "--out-dir", str(into)]
        subprocess.check_call([*command, str(source)])
    [wheel] = into.glob("*.whl")
    return wheel


def _uv() -> str:
    beside = str(Path(sys.executable).parent)
    found = shutil.which("uv", path=os.pathsep.join([beside, os.environ["PATH"]]))
    assert found, "`make setup` brings uv"
    return found


def main() -> None:
    """Replace the previous release's wheel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the last commit of the release")
    given = parser.parse_args().commit
    command = ["git", "rev-parse", "--short=7", f"{given}^{{commit}}"]
    commit = subprocess.check_output(command, cwd=ROOT, text=True).strip()
    for old in RELEASES.glob("*/"):
        shutil.rmtree(old)
    wheel = pack(commit, RELEASES / commit)
    (wheel.parent / ".gitignore").unlink(missing_ok=True)  # uv leaves one
    sys.stdout.write(f"{wheel.relative_to(ROOT)}: {wheel.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()

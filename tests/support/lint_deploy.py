"""Check `deploy/` without the engines that will read it. Part of ``make lint``.

There is no Docker and no Slack or Teams where the tests run; what can be known about
these files without them is checked here, against the code that they must fit. Each
rule is proved by a broken copy in ``tests/unit/support/test_lint_deploy.py``.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.support.lint_compose import compose_problems
from tests.support.lint_docker import docker_problems
from tests.support.lint_slack import slack_problems
from tests.support.lint_teams import teams_problems

ROOT = Path(__file__).parent.parent.parent

CHECKS: Mapping[str, Callable[[Path], Iterator[str]]] = {
    "deploy/Dockerfile": docker_problems,
    "deploy/compose.yaml": compose_problems,
    "deploy/slack/manifest.json": slack_problems,
    "deploy/teams/manifest.json": teams_problems,
}
"""Each file with what finds its problems, given the project's root."""


def problems_in(root: Path) -> list[str]:
    """Return everything that is wrong below ``root``, a line each."""
    found: list[str] = []
    for file, check in CHECKS.items():
        try:
            found += [f"{file}: {problem}" for problem in check(root)]
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            # JSON that is none, a missing file, a list where an object must be.
            found.append(f"{file}: cannot be read as what it is: {error!r}")
    return found


def main() -> int:
    """Print what is wrong; return the exit status."""
    problems = problems_in(ROOT)
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

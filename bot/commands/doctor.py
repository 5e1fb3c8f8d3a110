"""``deskhand doctor``: check everything the bot needs, and say how to fix it."""

import argparse
import os
import sys

from bot.app.doctor import CHECKS, Finding
from bot.commands.logs import set_up_logs
from bot.errors import DeskhandError
from bot.settings import load_settings


async def run(_options: argparse.Namespace) -> int:
    """Print one line per check; exit 1 if one failed."""
    settings = load_settings(os.environ)
    set_up_logs("text")  # to standard error, away from the findings
    findings = [Finding("settings", "every setting can be used")]
    _say(findings[0])
    for name, check in CHECKS.items():
        try:
            found = await check(settings)
        except DeskhandError as error:
            found = [Finding(name, f"{error} {error.hint}", ok=False)]
        for finding in found:
            _say(finding)
        findings += found
    failed = sum(not finding.ok for finding in findings)
    sys.stdout.write(
        f"{failed} to fix.\n" if failed else "Everything Deskhand needs is there.\n"
    )
    return 1 if failed else 0


def _say(finding: Finding) -> None:
    mark = "ok " if finding.ok else "FIX"
    sys.stdout.write(f"{mark} {finding.subject}: {finding.text}\n")
    sys.stdout.flush()

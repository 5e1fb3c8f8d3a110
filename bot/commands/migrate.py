"""``deskhand migrate``: the schema."""

import argparse
import os
import sys

from bot.app.database import migrate, opened_database, pending
from bot.settings import load_settings


async def run(options: argparse.Namespace) -> int:
    """Apply what is missing, or only say so."""
    settings = load_settings(os.environ)
    async with opened_database(settings) as url:
        if options.check:
            missing = await pending(url)
            sys.stdout.write("\n".join(missing) + "\n" if missing else "up to date\n")
            return 1 if missing else 0
        applied = await migrate(url)
    for revision in applied:
        sys.stdout.write(f"applied {revision}\n")
    sys.stdout.write("the schema is up to date\n")
    return 0

"""``deskhand bench``."""

import argparse


async def run(_options: argparse.Namespace) -> int:
    """Run."""
    return 0

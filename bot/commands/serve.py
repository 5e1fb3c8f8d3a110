"""``deskhand serve``: the bot."""

import argparse
import os

from bot.app.run import serve
from bot.commands.logs import set_up_logs
from bot.settings import load_settings


async def run(options: argparse.Namespace) -> int:
    """Run the bot until SIGTERM or SIGINT."""
    settings = load_settings(os.environ)
    set_up_logs(settings.log_format)
    await serve(settings, host=options.host, port=options.port)
    return 0

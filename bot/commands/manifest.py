"""``deskhand manifest``: the app manifests, with the bot's own address filled in."""

import argparse
import json
import os
import re
import sys
from pathlib import Path

import bot
from bot.errors import ConfigError

FOLDER = Path(bot.__file__).parent.parent / "deploy"
"""Beside the packages, in the checkout as in the wheel."""
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")
_APP_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


async def run(options: argparse.Namespace) -> int:
    """Print the manifest of one platform."""
    host: str = options.host.removeprefix("https://").rstrip("/")
    if not _HOST.fullmatch(host):
        raise ConfigError("--host", ["write a bare host name, e.g. bot.example.com"])
    text = _template(options.platform).replace("HOST", host)
    if "APP_ID" in text:
        app_id = os.environ.get("MICROSOFT_APP_ID", "")
        if not app_id:
            raise ConfigError(
                "the environment",
                ["MICROSOFT_APP_ID is not set; the Teams manifest names the app"],
            )
        if not _APP_ID.fullmatch(app_id):
            problem = "MICROSOFT_APP_ID is no app id; copy the GUID from Entra"
            raise ConfigError("the environment", [problem])
        text = text.replace("APP_ID", app_id)
    sys.stdout.write(json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n")
    return 0


def _template(platform: str) -> str:
    return (FOLDER / platform / "manifest.json").read_text("utf-8")

"""``deskhand manifest``: the app manifests, with the bot's own address filled in."""

import argparse
import json
import sys
from importlib.resources import files

from bot.errors import ConfigError


async def run(options: argparse.Namespace) -> int:
    """Print the manifest of one platform."""
    host: str = options.host.removeprefix("https://").rstrip("/")
    if "/" in host or not host:
        raise ConfigError("--host", ["write a bare host name, e.g. bot.example.com"])
    name = f"{options.platform}-manifest.json"
    text = files("adapters").joinpath(options.platform, name).read_text("utf-8")
    manifest = json.loads(text.replace("HOST", host))
    sys.stdout.write(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return 0

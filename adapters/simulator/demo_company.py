"""The company of the demo: the sample company, and an MCP server of ours beside it.

The server is a program that the bot starts. It is no part of the sample company
itself: tests and whoever copies that folder would start it, too.
"""

import json
import shutil
import sys
from pathlib import Path
from string import Template

from adapters.simulator.stage import SAMPLE_COMPANY

_ROOMS = Path(__file__).parent / "rooms"


def lay_demo_company(folder: Path) -> Path:
    """Put the demo's company into ``folder`` anew; return its company file.

    Args:
        folder: Only for this; whatever is in it is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SAMPLE_COMPANY.parent, folder)
    company = folder / SAMPLE_COMPANY.name
    # The bot's own Python has the server's library; PATH may have another one, or none.
    # A text in JSON is one in TOML, too.
    addition = Template((_ROOMS / "company.toml").read_text("utf-8"))
    _append(company, addition.substitute(python=json.dumps(sys.executable)))
    suggested = (_ROOMS / "suggestions.toml").read_text("utf-8")
    _append(folder / "suggestions.toml", suggested)
    return company


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)

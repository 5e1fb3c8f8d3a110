"""Recorded documents: what something must turn into, as files to review.

``DESKHAND_UPDATE_GOLDEN=1`` writes them anew; the diff is what is reviewed.
"""

import json
import os
from pathlib import Path

ROOT = Path(__file__).parent.parent / "golden"


def read_golden(name: str) -> object:
    """Return the document at ``tests/golden/<name>``."""
    return json.loads((ROOT / name).read_text("utf-8"))


def assert_golden(name: str, document: object) -> None:
    """Assert that ``document`` is the one at ``tests/golden/<name>``."""
    path = ROOT / name
    if os.environ.get("DESKHAND_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=2, ensure_ascii=False)
        path.write_text(f"{text}\n", "utf-8")
    assert document == read_golden(name), f"{path} differs"

"""``deskhand knowledge`` on a real database."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.cli import parser
from bot.commands import knowledge
from bot.commands.knowledge import NotImportedError
from tests.support.companies import SAMPLE

Deskhand = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def deskhand(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    database_url: str,
) -> Deskhand:
    """Run a command; return its status and what it printed."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DESKHAND_CONFIG", str(SAMPLE))

    async def run(*arguments: str) -> tuple[int, str]:
        options = parser().parse_args(["knowledge", *arguments])
        capsys.readouterr()
        status = await getattr(knowledge, options.run.partition(":")[2])(options)
        return status, capsys.readouterr().out

    return run


async def test_an_article_is_imported_found_replaced_and_removed(
    deskhand: Deskhand, tmp_path: Path
) -> None:
    status, told = await deskhand("list")
    assert (status, told.startswith("There are no articles yet.")) == (0, True)
    file = tmp_path / "coffee.md"
    file.write_text("---\ntitle: Coffee\nowner: Kitchen\n---\n## Beans\n\nGrind them.")
    assert await deskhand("import", str(tmp_path)) == (
        0,
        "1 new, 0 changed, 0 as they were.\n",
    )
    assert await deskhand("import", str(file)) == (
        0,
        "0 new, 0 changed, 1 as they were.\n",
    )
    status, told = await deskhand("list")
    assert told.splitlines()[1].split() == [
        *("import", "coffee", "1", "Coffee", "(Kitchen)"),
    ]
    status, told = await deskhand("search", "how do I grnd cofee beans?")
    assert status == 0
    assert "Beans  [coffee]" in told
    assert "Grind them." in told
    status, told = await deskhand("search", "tea")
    assert status == 1
    assert "people are sent to #it-help" in told
    with pytest.raises(NotImportedError, match="'tea'; nothing was removed"):
        await deskhand("remove", "coffee", "tea")
    assert await deskhand("remove", "coffee") == (0, "Removed coffee.\n")
    assert (await deskhand("search", "coffee beans"))[0] == 1

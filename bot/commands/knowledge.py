"""``deskhand knowledge``: what articles there are, and what they answer."""

import argparse
import os
import sys

from bot.app.library import opened_library
from bot.company.imports import articles_at
from bot.errors import DeskhandError
from bot.knowledge.ranking import FITS
from bot.settings import load_settings

_WIDEST = 100


class NotImportedError(DeskhandError):
    """No imported article has such a name."""

    hint = (
        "Copy a name from `deskhand knowledge list`; an article of the folder is "
        "removed by removing its file."
    )


async def run_import(options: argparse.Namespace) -> int:
    """Read files and folders into the database."""
    articles = articles_at(options.paths)
    async with opened_library(load_settings(os.environ)) as library:
        written = await library.add(articles)
    sys.stdout.write(
        f"{written.new} new, {written.changed} changed, "
        f"{written.unchanged} as they were.\n"
    )
    return 0


async def run_list(_options: argparse.Namespace) -> int:
    """Print all articles."""
    async with opened_library(load_settings(os.environ)) as library:
        kept = await library.articles()
    if not kept:
        sys.stdout.write(
            "There are no articles yet. `deskhand serve` reads the folder; "
            "`deskhand knowledge import` adds others.\n"
        )
        return 0
    sys.stdout.write(f"{'FROM':8}{'NAME':32}{'SECTIONS':>8}  TITLE, OWNER\n")
    for one in kept:
        owner = f" ({one.owner})" if one.owner else ""
        sys.stdout.write(
            f"{one.origin:8}{one.ref:32}{one.sections:>8}  {one.title}{owner}\n"
        )
    return 0


async def run_search(options: argparse.Namespace) -> int:
    """Print what agents would find for a question; exit 1 if nothing answers it."""
    async with opened_library(load_settings(os.environ)) as library:
        found = await library.search(options.question, limit=options.limit)
        channel = library.company.company.help_channel
    for passage in found:
        text = " ".join(passage.text.split())
        sys.stdout.write(
            f"{passage.fit:.2f}  {passage.name}  [{passage.ref}]\n"
            f"      {text[:_WIDEST]}{'…' * (len(text) > _WIDEST)}\n"
        )
    if found and found[0].fit >= FITS:
        return 0
    whom = f"people are sent to {channel}" if channel else "people are told so"
    sys.stdout.write(f"Nothing answers this (an answer has {FITS} or more): {whom}.\n")
    return 1


async def run_remove(options: argparse.Namespace) -> int:
    """Remove imported articles: all that are named, or none."""
    async with opened_library(load_settings(os.environ)) as library:
        imported = {a.ref for a in await library.articles() if a.origin == "import"}
        if unknown := [ref for ref in options.refs if ref not in imported]:
            raise NotImportedError(
                f"nothing imported is called {', '.join(map(repr, unknown))}; "
                "nothing was removed"
            )
        gone = await library.remove(options.refs)
    sys.stdout.write(f"Removed {', '.join(gone)}.\n")
    return 0

"""An inbox: a folder that holds a folder for each feed, and in it the feed's files or a folder for each delivery."""

from __future__ import annotations

from pathlib import Path

from governance.refusal import Refusal
from intake.feeds import Feed, region_feeds


def find_deliveries(inbox: Path) -> list[tuple[Feed, Path]]:
    """Every delivery in the inbox, feed by feed, a feed's in the order of their names.

    What is no feed's, and what is empty, is left alone. Raises Refusal `nothing-delivered`.
    """
    found: list[tuple[Feed, Path]] = []
    for feed in region_feeds():
        folder = inbox / feed.name
        if folder.is_dir() and not folder.is_symlink():
            parts = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
            found += [(feed, part) for part in parts or [folder] if any(part.iterdir())]
    if not found:
        names = ", ".join(feed.name for feed in region_feeds())
        raise Refusal("nothing-delivered", "That folder holds no folder of a feed.", f"They are named: {names}.")
    return found

"""The feeds the intake knows: one TOML file each beside this one, and the code lists they share."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from governance.refusal import Refusal
from intake.feeds.schema import IDENTIFIERS, LINKING, Feed, FeedColumn, FeedTable, Meaning, read_feed

__all__ = [
    "IDENTIFIERS",
    "LINKING",
    "Feed",
    "FeedColumn",
    "FeedTable",
    "Meaning",
    "code_lists",
    "feeds",
    "find_feed",
    "region_feeds",
]

CODE_LISTS = "code_lists.toml"


@cache
def feeds() -> Mapping[str, Feed]:
    """Every feed by name, in the order of the names. Raises ValueError or KeyError if a file is malformed."""
    documents = sorted(file.name for file in files(__package__).iterdir() if file.name.endswith(".toml"))
    read = (read_feed(_read(name)) for name in documents if name != CODE_LISTS)
    return {feed.name: feed for feed in read}


def region_feeds() -> tuple[Feed, ...]:
    """The feeds of the region's own people."""
    return tuple(feed for feed in feeds().values() if feed.region)


@cache
def code_lists() -> Mapping[str, Mapping[str, str]]:
    """Each code list by name: code -> meaning."""
    return {name: {code: str(what) for code, what in codes.items()} for name, codes in _read(CODE_LISTS).items()}


def find_feed(name: str) -> Feed:
    """Raises Refusal `no-such-feed`."""
    found = feeds().get(name)
    if found is None:
        raise Refusal("no-such-feed", "There is no such feed.", f"The feeds are: {', '.join(feeds())}.")
    return found


def _read(name: str) -> dict[str, dict[str, object]]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))

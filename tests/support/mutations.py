"""Takes a specification apart: every setting of a JSON document, one at a time, left out."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def each_setting(document: Any, path: Path = ()) -> Iterator[Path]:
    """Where each setting of the document is: entries of objects and of lists, outermost first."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield (*path, key)
        yield from each_setting(value, (*path, key))


def without(document: Any, path: Path) -> Any:
    """A copy that lacks the setting."""
    changed = copy.deepcopy(document)
    del at(changed, path[:-1])[path[-1]]
    return changed


def with_value(document: Any, path: Path, value: Any) -> Any:
    """A copy in which the setting, new or not, has another value. A list grows by an index one past its end."""
    changed = copy.deepcopy(document)
    holder: Any = changed
    for key, following in itertools.pairwise(path):
        if isinstance(holder, dict):
            holder = holder.setdefault(key, [] if isinstance(following, int) else {})
        else:
            holder = holder[int(key)]
    if isinstance(holder, list) and path[-1] == len(holder):
        holder.append(value)
    else:
        holder[path[-1]] = value
    return changed


def at(document: Any, path: Path) -> Any:
    """What is there."""
    for key in path:
        document = document[key]
    return document

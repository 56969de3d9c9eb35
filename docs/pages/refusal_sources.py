"""Finds the refusals that are written out in code (and not in the policy's table): code, message, remedy."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

_CODE = re.compile(r"[a-z]+(-[a-z]+)+|busy")
_UNKNOWN = "…"


@dataclass(frozen=True)
class Found:
    """One refusal as the source says it. What only the moment knows is `…`."""

    code: str
    message: str
    remedy: str


def refusals_in(module: str) -> Iterator[Found]:
    """The refusals of one module: `Refusal(code, message, remedy)`, and triples of texts under a name."""
    loaded = importlib.import_module(module)
    tree = ast.parse(Path(str(loaded.__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        parts = _parts(node)
        if not parts:
            continue
        texts = [_text(part, loaded) for part in parts]
        if _CODE.fullmatch(texts[0]):
            yield Found(texts[0], texts[1], texts[2])


def _parts(node: ast.AST) -> list[ast.expr]:
    """The three texts of a refusal, or nothing."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
        given = node.args
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
        given = node.value.elts
    else:
        return []
    return given if len(given) == 3 else []


def _text(node: ast.expr, module: ModuleType) -> str:
    """A text as it is written; names of the module stand for their values."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return str(getattr(module, node.id, _UNKNOWN))
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, module) for part in node.values)
    return _text(node.value, module) if isinstance(node, ast.FormattedValue) else _UNKNOWN

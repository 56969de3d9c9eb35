"""Takes metadata off a Jupyter notebook, and off the pictures and pages among its outputs; cells and outputs stay."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from egress.inspection.bare_html import strip_html
from egress.inspection.bare_pictures import bare_jpeg, bare_png
from egress.inspection.bare_svg import strip_svg
from egress.inspection.decoding import decode
from egress.inspection.stripped import CannotStripError, Stripped

PICTURES = {"image/png": bare_png, "image/jpeg": bare_jpeg}
TEXTS: dict[str, Callable[[str], tuple[str, tuple[str, ...]]]] = {"text/html": strip_html, "image/svg+xml": strip_svg}
#: What a program needs to show the notebook: its language, and nothing of the place where it ran.
KEPT_LANGUAGE = ("name", "file_extension", "mimetype")


def bare_notebook(content: bytes) -> Stripped:
    """The notebook without metadata; the same bytes if there is none. Raises CannotStripError for broken JSON."""
    try:
        notebook = json.loads(decode(content).text or "")
        removed = [*_strip_metadata(notebook), *(words for cell in _cells(notebook) for words in _strip_cell(cell))]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise CannotStripError from None
    if not removed:
        return Stripped(content)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    return Stripped(text.encode("utf-8", "replace"), tuple(dict.fromkeys(removed)))


def _cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    older = [cell for sheet in notebook.get("worksheets", []) for cell in sheet.get("cells", [])]
    return [*notebook.get("cells", []), *older]


def _strip_metadata(notebook: dict[str, Any]) -> list[str]:
    held = notebook.get("metadata", {})
    language = held.get("language_info", {})
    kept = {name: language[name] for name in KEPT_LANGUAGE if name in language}
    bare = {"language_info": kept} if kept else {}
    if held == bare:
        return []
    notebook["metadata"] = bare
    return ["notebook metadata"]


def _strip_cell(cell: dict[str, Any]) -> list[str]:
    removed = []
    if cell.get("metadata"):
        cell["metadata"] = {}
        removed.append("metadata of cells")
    for output in cell.get("outputs", []):
        if output.get("metadata"):
            output["metadata"] = {}
            removed.append("metadata of outputs")
        removed += _strip_bundle(output.get("data", {}))
    for bundle in cell.get("attachments", {}).values():
        removed += _strip_bundle(bundle)
    return removed


def _strip_bundle(bundle: dict[str, Any]) -> list[str]:
    """Every form of one output, in place."""
    removed: list[str] = []
    for name, value in bundle.items():
        text = "".join(value) if isinstance(value, list) else value
        if name in PICTURES:
            stripped = PICTURES[name](base64.b64decode(text))
            if stripped.removed:
                bundle[name] = base64.b64encode(stripped.content).decode()
                removed += stripped.removed
        elif name in TEXTS:
            bare, words = TEXTS[name](text)
            if words:
                bundle[name] = bare
                removed += words
    return removed

"""Reads a Jupyter notebook: every cell, every representation of every output, attachments and metadata.

Format: nbformat 4 (and 3, whose cells are in worksheets). Read as plain JSON, so that nothing a validator would drop
goes unseen.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from egress.inspection import media_types as types
from egress.inspection.document import Passage, Seen, Sighting, within
from egress.inspection.pieces import Pieces, RawPart

TEXT_OUTPUTS = {
    "text/plain": types.PLAIN,
    "text/html": types.HTML,
    "text/markdown": types.MARKDOWN,
    "text/latex": types.PLAIN,
    "image/svg+xml": types.SVG,
    "application/json": types.JSON,
}
PICTURE_OUTPUTS = {"image/png": types.PNG, "image/jpeg": types.JPEG}
OLD_OUTPUTS = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml", "html": "text/html"} | {
    "text": "text/plain",
    "latex": "text/latex",
    "json": "application/json",
}
OF_EVERY_OUTPUT = frozenset({"output_type", "name", "execution_count", "prompt_number", "metadata", "stream"})
READ_BY_ITSELF = frozenset({"source", "input", "outputs", "attachments"})
MOST_METADATA = 4_000  # characters of JSON beyond which metadata carries something
CODE = "text/x-python"


def read_notebook(text: str, where: str) -> Pieces:
    """Read notebook JSON, which detection.py has parsed before. Never raises on odd shapes."""
    notebook = _mapping(json.loads(text))
    parts: list[RawPart] = []
    sightings = list(_look_at_metadata(_mapping(notebook.get("metadata")), within(where, "notebook metadata")))
    known = {"cells", "worksheets", "metadata", "nbformat", "nbformat_minor"}
    extra = {name: value for name, value in notebook.items() if name not in known}
    passages = [Passage(within(where, "notebook metadata"), json.dumps([notebook.get("metadata"), extra]))]
    for number, read in enumerate(_cells(notebook), start=1):
        cell, place = _mapping(read), within(where, f"cell {number}")
        rest = {name: value for name, value in cell.items() if name not in READ_BY_ITSELF}
        metadata = [rest, [_mapping(output).get("metadata") for output in _list(cell.get("outputs"))]]
        if not _has_its_shape(read):
            sightings.append(Sighting(Seen.UNKNOWN_OUTPUT, place))
        passages.append(Passage(within(place, "metadata"), json.dumps(metadata)))
        sightings += _look_at_metadata(metadata, within(place, "metadata"))
        for item in _read_cell(cell, place):
            if isinstance(item, RawPart):
                parts.append(item)
            else:
                sightings.append(item)
    return Pieces(tuple(passages), (), tuple(parts), tuple(dict.fromkeys(sightings)))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(value: object) -> str:
    """Multi-line strings of a notebook are lists of lines or strings; anything else is shown as JSON."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def _cells(notebook: Mapping[str, Any]) -> Iterator[object]:
    yield from _list(notebook.get("cells"))
    for sheet in _list(notebook.get("worksheets")):
        yield from _list(_mapping(sheet).get("cells"))


def _has_its_shape(cell: object) -> bool:
    """Containers are what nbformat says; in any other shape something could go unread."""
    if not isinstance(cell, dict) or not isinstance(cell.get("outputs", []), list):
        return False
    bundles = [cell.get("attachments", {}), *_mapping(cell.get("attachments")).values()]
    for output in cell.get("outputs", []):
        bundles += [output, _mapping(output).get("data", {})]
    return all(isinstance(bundle, dict) for bundle in bundles)


def _look_at_metadata(metadata: object, where: str) -> Iterator[Sighting]:
    text = json.dumps(metadata)
    if '"widgets"' in text or "application/vnd.jupyter.widget" in text:
        yield Sighting(Seen.WIDGET_STATE, where)
    elif len(text) > MOST_METADATA:
        yield Sighting(Seen.LARGE_METADATA, where, len(text))


def _read_cell(cell: Mapping[str, Any], where: str) -> Iterator[RawPart | Sighting]:
    source = _joined(cell.get("source", cell.get("input", "")))
    is_markdown = cell.get("cell_type") == "markdown"
    kind = types.MARKDOWN if is_markdown else CODE if cell.get("cell_type") == "code" else types.PLAIN
    yield RawPart(where, kind, source.encode("utf-8", "replace"), is_output=kind != CODE)
    for name, bundle in _mapping(cell.get("attachments")).items():
        del name
        yield from _read_bundle(_mapping(bundle), within(where, "attachment"))
    for number, output in enumerate(_list(cell.get("outputs")), start=1):
        yield from _read_output(_mapping(output), within(where, f"output {number}"))


def _read_output(output: Mapping[str, Any], where: str) -> Iterator[RawPart | Sighting]:
    if "data" in output:
        yield from _read_bundle(_mapping(output["data"]), where)
    rest = {name: value for name, value in output.items() if name not in OF_EVERY_OUTPUT | {"data"}}
    old = {OLD_OUTPUTS[name]: rest.pop(name) for name in list(rest) if name in OLD_OUTPUTS}  # stream text is one too
    yield from _read_bundle(old, where)
    words = [_joined(rest.pop(name)) for name in ("ename", "evalue", "traceback") if name in rest]
    if words:
        yield RawPart(where, types.PLAIN, "\n".join(words).encode("utf-8", "replace"))
    if rest:
        yield Sighting(Seen.UNKNOWN_OUTPUT, where)


def _read_bundle(bundle: Mapping[str, Any], where: str) -> Iterator[RawPart | Sighting]:
    """Every representation of one output; a reader's program may show any of them."""
    for name, value in bundle.items():
        if name in TEXT_OUTPUTS:
            text = json.dumps(value) if name == "application/json" else _joined(value)
            yield RawPart(where, TEXT_OUTPUTS[name], text.encode("utf-8", "replace"))
        elif name in PICTURE_OUTPUTS:
            try:
                yield RawPart(where, PICTURE_OUTPUTS[name], base64.b64decode(_joined(value)))
            except (binascii.Error, ValueError):
                yield Sighting(Seen.DAMAGED, where)
        else:
            yield Sighting(Seen.WIDGET_STATE if "widget" in name else Seen.UNKNOWN_OUTPUT, where)

"""Says what a file is, by its content. Promise: the name never makes a file pass for something else."""

from __future__ import annotations

import io
import json
import pickletools
import re
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

import puremagic

from egress.inspection import media_types as types
from egress.inspection.decoding import Decoded, decode
from egress.inspection.json_data import records_by_line
from egress.inspection.office_package import office_type

# Possessive (*+) and atomic (?>): a thousand comments must not be tried in every grouping.
HTML_START = re.compile(
    r"\s*+(?>(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html|head|body|script|iframe|table|div|style|meta)\b", re.I | re.S
)
SVG_START = re.compile(
    r"\s*+(?>(?><\?xml.*?\?>|<!--.*?-->|<!DOCTYPE\s+svg[^\[>]*(?:\[.*?\]\s*)?>)\s*+)*+<(?:\w+:)?svg\b", re.I | re.S
)
XML_START = re.compile(r"\s*<\?xml\b", re.I)
FEWEST_PICKLE_STEPS = 4
HEAD = 4096
ZIP_END = b"PK\x05\x06"
ZIP_TAIL = 22 + 2**16  # end record and its longest comment


@dataclass(frozen=True)
class Detected:
    """What some bytes are: an allowed media type, or "" with `described` saying what is refused."""

    media_type: str
    described: str
    decoded: Decoded


def extension_of(name: str) -> str:
    """The last extension in lower case with its dot, or ""."""
    return PurePosixPath(name).suffix.lower()


def detect(content: bytes, name: str, *, allowed: frozenset[str] = frozenset()) -> Detected:
    """Detect the type of `content`; `name` only chooses between kinds of plain text (csv, tsv, md, txt). `allowed`:
    what else counts as plain text, in the words of media_types.FORBIDDEN."""
    for signature, media_type in (
        (types.PNG_SIGNATURE, types.PNG),
        (types.JPEG_SIGNATURE, types.JPEG),
        (types.PDF_SIGNATURE, types.PDF),
    ):
        if content.startswith(signature):
            return Detected(media_type, media_type, Decoded(None))
    if content.startswith(types.ZIP_SIGNATURE):
        return Detected(*office_type(content), Decoded(None))
    decoded = decode(content)
    passed = allowed if decoded.text is not None else frozenset()
    described = _forbidden(content, passed, is_text=decoded.text is not None)
    described = described or _forbidden_text(decoded.text or "", passed)
    if described:
        return Detected("", described, decoded)
    if decoded.text is None and decoded.encoding:
        return Detected("", "text with NUL bytes in it", decoded)
    if decoded.text is None:
        return Detected("", _by_signature_library(content), decoded)
    media_type, described = _kind_of_text(decoded.text, name)
    return Detected(media_type, described, decoded)


def holds_second_format(content: bytes, media_type: str) -> bool:
    """True for a polyglot: a zip directory at its end, or a PDF or program beginning inside another type's head."""
    zipped = (
        media_type not in types.OFFICE and ZIP_END in content[-ZIP_TAIL:] and zipfile.is_zipfile(io.BytesIO(content))
    )
    pdf = media_type != types.PDF and types.PDF_SIGNATURE in content[:1024]
    return zipped or (pdf and b" obj" in content)


def _forbidden(content: bytes, passed: frozenset[str], *, is_text: bool) -> str:
    for offset, signature, described in types.FORBIDDEN:
        is_plain = described in passed or (is_text and signature in types.PRINTABLE)
        if not is_plain and content.startswith(signature, offset):
            return described
    return "a pickle" if _is_text_pickle(content) else ""


def _forbidden_text(text: str, passed: frozenset[str]) -> str:
    unwanted = ((start, described) for start, described in types.FORBIDDEN_TEXTS if described not in passed)
    return next((described for start, described in unwanted if start.match(text[:HEAD])), "")


def _is_text_pickle(content: bytes) -> bool:
    """Protocol 0 pickles are printable, so only running through their steps tells them from text."""
    if not content.rstrip().endswith(b".") or len(content) < FEWEST_PICKLE_STEPS:
        return False
    steps = 0
    try:
        for _ in pickletools.genops(content):
            steps += 1
    except (ValueError, IndexError, KeyError, OverflowError, AttributeError):  # these bytes are no pickle
        return False
    return steps >= FEWEST_PICKLE_STEPS


def _by_signature_library(content: bytes) -> str:
    try:
        return f"binary data ({puremagic.magic_string(content)[0].name or 'unknown'})"
    except (puremagic.PureError, ValueError, IndexError):
        return "binary data of an unknown type"


def _kind_of_text(text: str, name: str) -> tuple[str, str]:
    head = text[:HEAD]
    if SVG_START.match(head):
        return types.SVG, "an SVG picture"
    claimed = types.ALLOWED.get(extension_of(name), "")
    if HTML_START.match(head) and claimed != types.MARKDOWN:  # markdown may begin with an html block
        return types.HTML, "an HTML page"
    if XML_START.match(head):
        return "", "an XML document"
    if claimed in {types.JSON, types.NOTEBOOK} or (head.lstrip()[:1] in {"{", "["} and _is_json(text)):
        return _kind_of_json(text)
    if claimed == types.HTML:
        return (types.HTML, "an HTML page") if "<" in text else (types.PLAIN, "plain text")
    if claimed in {types.CSV, types.TSV, types.MARKDOWN}:
        return claimed, claimed
    return types.PLAIN, "plain text"


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return records_by_line(text) is not None


def _kind_of_json(text: str) -> tuple[str, str]:
    """A notebook is a JSON object with cells; broken JSON keeps the type, and its reader says what is wrong."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if records_by_line(text) is not None:
            return types.JSON, "JSON, one record a line"
        return types.JSON, "JSON that cannot be parsed"
    if isinstance(value, dict) and "nbformat" in value and ("cells" in value or "worksheets" in value):
        return types.NOTEBOOK, "a Jupyter notebook"
    return types.JSON, "JSON"

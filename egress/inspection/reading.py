"""Reads one file, and everything inside it, into a Document. Runs in the locked child only."""

from __future__ import annotations

import csv

from egress.inspection import media_types as types
from egress.inspection.decoding import decode
from egress.inspection.delimited import read_delimited
from egress.inspection.detection import detect, holds_second_format
from egress.inspection.document import DEEPEST_PART, Document, Passage, Seen, Sighting
from egress.inspection.html_pages import read_html
from egress.inspection.json_data import read_json
from egress.inspection.notebooks import CODE, read_notebook
from egress.inspection.pictures import read_picture
from egress.inspection.pieces import Pieces, RawPart
from egress.inspection.plain_texts import read_markdown, read_plain_text
from egress.inspection.spreadsheets import read_xlsx
from egress.inspection.svg_pictures import read_svg
from egress.inspection.word_texts import read_docx


def _read_csv(text: str, where: str) -> Pieces:
    return _read_sheet(text, where, "")


def _read_tsv(text: str, where: str) -> Pieces:
    return _read_sheet(text, where, "" if "\t" not in text else "\t")


def _read_sheet(text: str, where: str, delimiter: str) -> Pieces:
    try:
        sheet = read_delimited(text, where, delimiter=delimiter)
    except csv.Error:
        return Pieces((Passage(where, text, lined=True),), sightings=(Sighting(Seen.DAMAGED, where),))
    return Pieces(sheet.passages, sheet.tables)


def _read_code(text: str, where: str) -> Pieces:
    return Pieces((Passage(where, text, lined=True),))


def _read_pdf(content: bytes, where: str) -> Pieces:
    from egress.inspection.pdf_pages import read_pdf  # its library is loaded in the child that was started for it

    return read_pdf(content, where)


BINARY_READERS = {types.PDF: _read_pdf, types.XLSX: read_xlsx, types.DOCX: read_docx}
TEXT_READERS = {
    types.CSV: _read_csv,
    types.TSV: _read_tsv,
    types.PLAIN: read_plain_text,
    types.MARKDOWN: read_markdown,
    types.HTML: read_html,
    types.SVG: read_svg,
    types.JSON: read_json,
    types.NOTEBOOK: read_notebook,
    CODE: _read_code,
}


def read_document(content: bytes, name: str, *, allowed: frozenset[str] = frozenset()) -> Document:
    """Read a file; `allowed` as in detection.detect. Raises only what a hostile file can force (MemoryError,
    RecursionError); the child catches it."""
    detected = detect(content, name, allowed=allowed)
    document = Document(
        name=name, where="", media_type=detected.media_type, content=content, described=detected.described
    )
    if not detected.media_type:
        return document
    pieces = _read_pieces(content, detected.decoded.text, detected.media_type, "")
    second = (Sighting(Seen.SECOND_FORMAT, ""),) if holds_second_format(content, detected.media_type) else ()
    odd = detected.decoded.sightings
    if detected.media_type == types.NOTEBOOK:  # its pictures are base64; its texts are looked at one by one
        odd = tuple(sighting for sighting in odd if sighting.kind is not Seen.ENCODED_BLOB)
    return _assembled(document, pieces, odd + second, depth=0)


def read_as(content: bytes, media_type: str) -> Document:
    """Read a file whose type is known already, without its parts. For showing it."""
    pieces = _read_pieces(content, decode(content).text, media_type, "")
    return Document("", "", media_type, content, passages=pieces.passages, tables=pieces.tables)


def read_whole(content: bytes, media_type: str) -> Document:
    """The same with its parts: a notebook's outputs, a document's pictures. For showing them."""
    pieces = _read_pieces(content, decode(content).text, media_type, "")
    return _assembled(Document("", "", media_type, content), pieces, (), depth=0)


def _read_pieces(content: bytes, text: str | None, media_type: str, where: str) -> Pieces:
    if media_type in {types.PNG, types.JPEG}:
        return read_picture(content, media_type, where)
    if media_type in BINARY_READERS:
        return BINARY_READERS[media_type](content, where)
    if text is None:
        return Pieces(sightings=(Sighting(Seen.UNDECODABLE, where),))
    return TEXT_READERS[media_type](text, where)


def _read_part(part: RawPart, depth: int) -> Document:
    document = Document("", part.where, part.media_type, part.content, is_output=part.is_output)
    if depth > DEEPEST_PART:
        return Document("", part.where, part.media_type, b"", sightings=(Sighting(Seen.TOO_DEEP, part.where),))
    decoded = decode(part.content)
    is_picture = part.media_type in {types.PNG, types.JPEG}
    signature = types.PNG_SIGNATURE if part.media_type == types.PNG else types.JPEG_SIGNATURE
    if is_picture and not part.content.startswith(signature):
        return _assembled(document, Pieces(sightings=(Sighting(Seen.SECOND_FORMAT, part.where),)), (), depth)
    pieces = _read_pieces(part.content, decoded.text, part.media_type, part.where)
    odd = () if is_picture else tuple(Sighting(s.kind, part.where, s.number) for s in decoded.sightings)
    return _assembled(document, pieces, odd, depth)


def _assembled(document: Document, pieces: Pieces, odd: tuple[Sighting, ...], depth: int) -> Document:
    return Document(
        name=document.name,
        where=document.where,
        media_type=document.media_type,
        content=document.content,
        described=document.described,
        passages=pieces.passages,
        tables=pieces.tables,
        parts=tuple(_read_part(part, depth + 1) for part in pieces.parts),
        sightings=tuple(dict.fromkeys((*odd, *pieces.sightings))),
        is_output=document.is_output,
    )

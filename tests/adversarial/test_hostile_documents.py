"""Workbooks, texts and PDF made to hurt the checker: bombs, cycles, lies about sizes, depth. Each gets a verdict.

All of them are read in the locked child by the checks and by sanitising, whose answer may also be a refusal.
"""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from egress.checks import run_checks, run_checks_on_all
from egress.findings import Severity
from egress.inspection import locked_child
from egress.inspection.media_types import ALLOWED
from egress.inspection.sanitising import SECONDS, sanitise
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from tests.support.office_files import HEAD, MAIN, edited, package, paragraph, row, sheet, word, word_table, workbook
from tests.support.pdf_files import CATALOG, FONT, PAGES, page, pdf, stream

pytestmark = pytest.mark.slow
PROFILE = PROFILES["nhs-sde"]
GOOD = sheet(row(1, "sex", "n") + row(2, "F", "120"))
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    + "]><x>&a9;</x>"
)
QUADRATIC = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{"x" * 50_000}">]><x>{"&a;" * 50_000}</x>'


def lying(content: bytes) -> bytes:
    """A package whose directory and headers say that every part is ten bytes long."""
    lied = bytearray(content)
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = lied.find(mark)
        while at >= 0:
            struct.pack_into("<I", lied, at + offset, 10)
            at = lied.find(mark, at + 1)
    return bytes(lied)


def overlapping() -> bytes:
    """Many entries of a directory that all point to the one bomb."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(10**7))
        first = archive.filelist[0]
        for number in range(1_000):
            copy = zipfile.ZipInfo(f"xl/p{number}.xml")
            copy.header_offset, copy.compress_size, copy.file_size = 0, first.compress_size, first.file_size
            copy.CRC, copy.compress_type = first.CRC, first.compress_type
            archive.filelist.append(copy)
    return edited_types(out.getvalue())


def edited_types(content: bytes) -> bytes:
    """With the part that every package has, added without touching the others."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return out.getvalue()


def nested_flate(levels: int) -> bytes:
    content = bytes(10**7)
    for _ in range(levels):
        content = zlib.compress(content)
    return stream(content, b"/Filter[%s]" % (b"/FlateDecode" * levels))


BOMBS: dict[str, Callable[[], bytes]] = {
    "size.xlsx": lambda: edited(workbook(GOOD), {"xl/worksheets/sheet1.xml": b" " * (200 * 2**20)}),
    "lie.xlsx": lambda: lying(workbook(sheet(row(1, "n") * 100_000))),
    "overlap.xlsx": overlapping,
    "parts.xlsx": lambda: edited(workbook(GOOD), {f"xl/worksheets/s{i}.xml": GOOD for i in range(3_000)}),
    "far.xlsx": lambda: workbook(sheet('<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>')),
    "wide.xlsx": lambda: workbook(sheet(row(1, *map(str, range(16_384))))),
    "long.xlsx": lambda: workbook(sheet(row(1, "sex", "n") + row(2, "F", "120") * 50_000)),
    "cell.xlsx": lambda: workbook(sheet(row(1, "x" * 10**7))),
    "merges.xlsx": lambda: workbook(
        sheet(
            "".join(row(i, *("abc" * 300)) for i in range(1, 60)),
            after="<mergeCells>" + '<mergeCell ref="A1:XFD1"/>' * 50_000 + "</mergeCells>",
        )
    ),
    "laughs.xlsx": lambda: edited(workbook(GOOD), {"xl/sharedStrings.xml": LAUGHS}),
    "quadratic.xlsx": lambda: edited(workbook(GOOD), {"xl/styles.xml": QUADRATIC}),
    "deep.xlsx": lambda: workbook("<a>" * 300_000 + "</a>" * 300_000),
    "encoding.xlsx": lambda: workbook('<?xml version="1.0" encoding="cp037"?><a/>'),
    "strings.xlsx": lambda: edited(
        workbook(GOOD), {"xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{MAIN}">{"<si><t>a</t></si>" * 100_000}</sst>'}
    ),
    "formats.xlsx": lambda: edited(
        workbook(GOOD),
        {"xl/styles.xml": f'<s><dxfs><dxf><numFmt formatCode="{"[" * 50_000}"/></dxf></dxfs></s>'},
    ),
    "names.xlsx": lambda: package({"[Content_Types].xml": "x", "xl/workbook.xml": "x", "../../x": "x"}),
    "laughs.docx": lambda: edited(word(paragraph("x")), {"word/document.xml": LAUGHS}),
    "deep.docx": lambda: word("<w:tbl><w:tr><w:tc>" * 50_000),
    "tables.docx": lambda: word("<w:tbl><w:tr><w:tc>" * 60 + paragraph("x") * 2_000 + "</w:tc></w:tr></w:tbl>" * 60),
    "long.docx": lambda: word(paragraph("943 476 5919") * 10_000),
    "cells.docx": lambda: word(word_table(*[("a", "n", "7")] * 6_000)),
    "cycle.pdf": lambda: pdf(CATALOG, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>"),
    "reference.pdf": lambda: pdf(CATALOG, b"2 0 R"),
    "length.pdf": lambda: pdf(CATALOG, PAGES, page(FONT), b"<</Length 4 0 R>>\nstream\nx\nendstream"),
    "previous.pdf": lambda: pdf(CATALOG, PAGES, page(), trailer=b"/Prev 9"),
    "count.pdf": lambda: pdf(CATALOG, b"<</Type/Pages/Kids[%s]/Count 9>>" % (b"3 0 R " * 20_000), page()),
    "form.pdf": lambda: pdf(
        CATALOG,
        PAGES,
        page(b"/Resources<</XObject<</X 4 0 R>>>>/Contents 5 0 R"),
        stream(b"/X Do /X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>"),
        stream(b"/X Do"),
    ),
    "arrays.pdf": lambda: pdf(CATALOG, PAGES, page(b"/Contents 4 0 R"), stream(b"[" * 200_000)),
    "flate.pdf": lambda: pdf(CATALOG, PAGES, page(b"/Contents 4 0 R"), nested_flate(3)),
    "letters.pdf": lambda: pdf(CATALOG, PAGES, page(FONT), stream(b"BT /F 9 Tf (a) Tj ET " * 61_000)),
    "lines.pdf": lambda: pdf(CATALOG, PAGES, page(FONT), stream(b"0 0 m 9 9 l S 1 1 5 5 re f " * 5_000)),
    "box.pdf": lambda: pdf(CATALOG, PAGES, page(FONT, b"0 0 1e30 1e30"), stream(b"BT /F 9e20 Tf (7) Tj ET")),
    "states.pdf": lambda: pdf(CATALOG, PAGES, page(FONT), stream(b"q " * 100_000)),
}
HARMLESS = {"far.xlsx", "cell.xlsx", "merges.xlsx", "tables.docx"}  # odd, but read to their end
MUST_FAIL = {name for name in BOMBS if not name.endswith(".pdf")} - HARMLESS
SECONDS_OF_A_BOMB = 3.0  # enough for all but those that never end


@pytest.mark.parametrize("kind", ["xlsx", "docx", "pdf"])
def test_bombs_get_a_verdict_in_time_and_hurt_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    names = [name for name in sorted(BOMBS) if name.endswith(kind)]
    for name in names:
        (tmp_path / name).write_bytes(BOMBS[name]())
    good = tmp_path / "good.csv"
    good.write_text("sex,n\nF,120\nM,130\n")
    monkeypatch.setattr(locked_child, "SECONDS_A_FILE", SECONDS_OF_A_BOMB)
    started = time.monotonic()
    reports = list(run_checks_on_all([(tmp_path / name, name) for name in names], PROFILE))
    assert time.monotonic() - started < (SECONDS_OF_A_BOMB + 2) * len(names)
    for name, report in zip(names, reports, strict=True):
        assert report.verdict is Severity.FAIL if name in MUST_FAIL else report.verdict in set(Severity), name
    monkeypatch.undo()
    assert run_checks(good, "good.csv", PROFILE).verdict is Severity.PASS


@pytest.mark.parametrize("name", ["size.xlsx", "deep.docx", "form.pdf"])
def test_sanitising_a_bomb_ends_in_time(name: str) -> None:
    started = time.monotonic()
    try:
        assert sanitise(BOMBS[name](), ALLOWED[Path(name).suffix]).content
    except Refusal as refusal:
        assert refusal.code == "cannot-be-sanitised"
    assert time.monotonic() - started < SECONDS + 10

"""Tables as people write them, pages of PDF, and files that only look like text."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pytest
from PIL import Image

from egress.checks import judge
from egress.findings import Severity, verdict_of
from egress.inspection import bare_pictures, child, pdf_layout
from egress.inspection import media_types as types
from egress.inspection.decoding import decode
from egress.inspection.delimited import read_delimited
from egress.inspection.detection import detect
from egress.inspection.document import Seen, Table
from egress.inspection.html_pages import read_html
from egress.inspection.json_data import read_json, records_by_line
from egress.inspection.messages import Question
from egress.inspection.pdf_layout import read_layout
from egress.inspection.pdf_pages import read_pdf
from egress.inspection.reading import read_document
from egress.inspection.stripping import strip
from governance.disclosure import PROFILES
from tests.support.pdf_files import CATALOG, PAGES, drawn, letters, page, pdf

SMALL = "region,n_deaths\nNorth,7\nSouth,120\n"


def verdict(content: str | bytes, name: str) -> Severity:
    data = content.encode() if isinstance(content, str) else content
    return verdict_of(judge(read_document(data, name), PROFILES["nhs-sde"]))


# --- delimited ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def test_utf_32_without_a_mark_is_read(encoding: str) -> None:
    assert decode(SMALL.encode(encoding)).text == SMALL
    assert verdict(SMALL.encode(encoding), "t.csv") is Severity.FAIL


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "~", "^", "¦", "§", "#", ":", " "])
def test_any_delimiter_that_divides_every_line_is_taken(mark: str) -> None:
    assert read_delimited(SMALL.replace(",", mark), "").tables[0].header == ("region", "n_deaths")


def test_a_rare_delimiter_is_not_guessed_from_most_lines() -> None:
    assert read_delimited("time\n10:30\n11:45\n12:00\n", "").tables[0].header == ("time",)
    assert read_delimited("name\nNorth West\nSouth East\nNorth East\n", "").tables[0].width == 1


def test_titles_with_trailing_commas_are_no_tables() -> None:
    text = "Deaths by region,\n,\nregion,n\nNorth,120\nSouth,135\n,\nNote: rounded to 5,\n"
    sheet = read_delimited(text, "")
    assert [table.header for table in sheet.tables] == [("region", "n")]
    assert "Note: rounded to 5" in sheet.passages[0].text
    assert [table.width for table in read_delimited("region,n\nNorth,120\n\n7,\n", "").tables] == [2]


# --- html, json -----------------------------------------------------------------------------------------------------
def rows_of(html: str) -> Table:
    return read_html(f"<table>{html}</table>", "").tables[0]


def test_cells_over_several_rows_and_columns_are_laid_out_as_in_a_browser() -> None:
    table = rows_of(
        "<tr><th rowspan=2>region</th><th colspan=2>Deaths</th></tr><tr><th>n</th><th>rate</th></tr>"
        "<tr><td rowspan=2>North</td><td>120</td><td>1.5</td></tr><tr><td>135</td><td>2.5</td></tr>"
    )
    assert table.header == ("region", "Deaths n", "Deaths rate")
    assert table.rows == (("North", "120", "1.5"), ("North", "135", "2.5"))


def test_a_number_over_several_cells_is_counted_once() -> None:
    table = rows_of(
        "<tr><td>region</td><td>n</td><td>all</td></tr><tr><td>a</td><td>120</td><td rowspan=3>255</td></tr>"
        "<tr><td>b</td><td>135</td></tr><tr><td>c</td><td colspan=x>140</td></tr>"
    )
    assert table.column(2) == ("255", "", "")


def test_json_lines_are_records() -> None:
    lines = '{"region": "a", "n_deaths": 7}\n\n{"region": "b", "n_deaths": 120}\n'
    assert read_json(lines, "").tables[0].header == ("region", "n_deaths")
    assert detect(lines.encode(), "t.txt").described == "JSON, one record a line"
    assert verdict(lines, "t.txt") is verdict(lines, "t.json") is Severity.FAIL


@pytest.mark.parametrize("text", ["", "{}", "a\nb", '{"a": 1}\n{', "[1]\n2", "[" * 10**5 + "\n" + "[" * 10**5])
def test_other_lines_are_no_records(text: str) -> None:
    assert records_by_line(text) is None


# --- types ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "described"),
    [
        (b"# v3 git bundle\n@object-format=sha1\n", "a git bundle"),
        (b"!<arch>\ndebian-binary", "an ar archive (also deb)"),
        (b"A\n2\n262402\n197888\n", "an R data file"),
        (b"RDX3\nX\n", "an R data file"),
        (b"structure(list(a = 1))", "an R data file"),
        (b"begin 644 data.bin\nM...\nend\n", "a file encoded as text"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nMIIB\n", "a key, certificate or encrypted message"),
        (b"tree\nversion=v4\nnum_class=1\n", "a model file"),
        (b"booster[0]:\n0:[f1<2] yes=1", "a model file"),
        (b"-- dump\nINSERT INTO person VALUES (1);\n", "a database dump"),
        (b"$FL2@(#) SPSS DATA FILE", "an SPSS data file"),
        (b"<stata_dta><header>", "a Stata data file"),
        (bytes(12) + b"\xc2\xea\x81\x60" + bytes(50), "a SAS data file"),
        (b"\x04\x22\x4d\x18" + bytes(40), "an lz4 archive"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(40), "a model file"),
        (b"\xff\xff\xff\xff\x10\x00\x00\x00" + bytes(40), "an Arrow stream"),
        (bytes(32769) + b"CD001", "a disc image"),
    ],
)
@pytest.mark.parametrize("name", ["t.txt", "t.csv"])
def test_data_stores_models_and_dumps_are_known(content: bytes, described: str, name: str) -> None:
    found = detect(content, name)
    assert (found.media_type, found.described) == ("", described)


def test_weights_in_a_format_of_their_own_are_binary() -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    assert verdict(struct.pack("<Q", len(header)) + header + bytes(8), "t.json") is Severity.FAIL


@pytest.mark.parametrize("text", ["A\nB\n", "begin the study\n", "tree\noak\n", "structure of the list\n", "RDX\n"])
def test_words_that_begin_alike_are_text(text: str) -> None:
    assert detect(text.encode(), "t.txt").media_type == types.PLAIN


# --- pdf ------------------------------------------------------------------------------------------------------------
def ruled(*rows: tuple[str, str]) -> bytes:
    """Content of a table with lines around its cells."""
    content, top = b"", 250
    for number, (left, right) in enumerate(rows):
        y = top - 20 * number
        content += b"50 %d 80 20 re S 130 %d 80 20 re S " % (y - 5, y - 5)
        content += letters(left, 55, y) + letters(right, 135, y)
    return content


def test_tables_of_a_pdf_are_read_by_page() -> None:
    document = read_document(drawn(ruled(("region", "n_deaths"), ("North", "7"), ("South", "120"))), "t.pdf")
    assert [(table.where, table.header) for table in document.tables] == [("page 1", ("region", "n_deaths"))]
    findings = [finding for finding in judge(document, PROFILES["nhs-sde"]) if finding.check == "small-counts"]
    assert [(f.severity, f.where) for f in findings] == [("FAIL", "page 1, row 1, column n_deaths")]


def test_columns_without_lines_are_read_as_a_table() -> None:
    content = b"".join(
        letters(left, 50, y) + letters(right, 200, y)
        for y, left, right in ((250, "region", "n_deaths"), (235, "North", "7"), (220, "South", "120"))
    )
    assert read_layout(drawn(content), "").tables[0].rows == (("North", "7"), ("South", "120"))


def test_text_notes_and_properties_are_searched() -> None:
    note = b"/Annots[<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(note 943 476 5919)>>]"
    content = drawn(letters("We saw n = 4.", 50, 100), note)
    passages = {passage.where: passage.text for passage in read_layout(content, "").passages}
    assert passages["page 1"] == "We saw n = 4."
    assert "943 476 5919" in passages["page 1, notes"]
    named = pdf(CATALOG, PAGES, page(), b"<</Author(Jane)>>", trailer=b"/Info 4 0 R")
    assert read_layout(named, "").passages[0].text == "Jane"


@pytest.mark.parametrize(
    ("content", "hidden"),
    [
        (letters("120", 50, 100), False),
        (letters("120", 50, 100, "3 Tr"), True),
        (letters("120", 50, 100, "1 Tr"), False),
        (letters("120", 50, 100, size=1), True),
        (letters("120", 900, 100), True),
        (letters("120", 299, 100), False),
        (letters("120", 50, 100, "1 g"), True),
        (letters("120", 50, 100, "1 1 1 rg"), True),
        (letters("120", 50, 100, "0 0 0 0 k"), True),
        (letters(" ", 50, 100, "1 g"), False),
        (b"0 0 1 rg 40 90 90 30 re f " + letters("120", 50, 100, "1 g"), False),
        (b"1 g 40 90 90 30 re f " + letters("120", 50, 100, "1 g"), True),
    ],
)
def test_letters_that_nobody_sees(content: bytes, hidden: bool) -> None:
    assert (Seen.HIDDEN_TEXT in {sighting.kind for sighting in read_pdf(drawn(content), "").sightings}) is hidden


def test_pages_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = drawn(ruled(("region", "n"), ("North", "7")))
    monkeypatch.setattr(pdf_layout, "MOST_EDGES", 1)
    assert read_layout(content, "").tables[0].rows == (("North", "7"),)  # by its words alone
    monkeypatch.setattr(pdf_layout, "MOST_LETTERS", 1)
    assert {sighting.kind for sighting in read_layout(content, "").sightings} == {Seen.LONG_LINES}
    monkeypatch.setattr(pdf_layout, "MOST_PAGES", 0)
    assert {sighting.kind for sighting in read_layout(content, "").sightings} == {Seen.TOO_MANY_PARTS}


def test_encrypted_and_broken_pages_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = pdf(
        CATALOG,
        PAGES,
        page(),
        b"<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>" % (b"x" * 32, b"y" * 32),
        trailer=b"/Encrypt 4 0 R/ID[(a)(a)]",
    )
    assert {sighting.kind for sighting in read_layout(secret, "").sightings} == {Seen.ENCRYPTED}
    assert {sighting.kind for sighting in read_layout(b"%PDF-", "").sightings} == {Seen.DAMAGED}

    def full(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(pdf_layout.pdfplumber, "open", full)
    with pytest.raises(MemoryError):
        read_layout(b"%PDF-", "")


# --- the child, and a rare picture ----------------------------------------------------------------------------------
def test_the_child_strips_and_tells_tables() -> None:
    told = child.answer_sanitise(Question({"media_type": types.CSV}, b"a,b\n"))
    assert told == {"content": "YSxiCg==", "removed": []}
    tables = child.answer_tables(Question({"name": "t.csv"}, b"sex,n\nF,120\n"))["tables"]
    assert tables == [{"where": "", "header": ("sex", "n"), "rows": (("F", "120"),)}]


def test_a_png_of_a_rare_mode_is_written_in_a_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    Image.new("L", (3, 3), 70).save(out, format="PNG")
    monkeypatch.setattr(bare_pictures, "BARE_PNG_MODES", frozenset())
    assert Image.open(io.BytesIO(strip(out.getvalue(), types.PNG).content)).getpixel((0, 0)) == (70, 70, 70, 255)

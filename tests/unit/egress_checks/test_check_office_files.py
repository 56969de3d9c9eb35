"""What the readers of xlsx and docx see, and what of it may not leave."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from PIL import Image, PngImagePlugin

from egress.checks import judge
from egress.findings import Severity, verdict_of
from egress.inspection import media_types as types
from egress.inspection import office_package, sheet_rows
from egress.inspection.detection import detect
from egress.inspection.document import Document, Seen
from egress.inspection.number_formats import hides, hides_something, shown
from egress.inspection.office_package import MOST_PARTS, Package, PackageError
from egress.inspection.reading import read_document
from egress.inspection.spreadsheets import read_xlsx
from egress.inspection.stripped import CannotStripError
from egress.inspection.stripping import strip
from governance.disclosure import PROFILES
from tests.support.office_files import (
    HEAD,
    LINK,
    MAIN,
    TYPES,
    edited,
    package,
    paragraph,
    relations,
    row,
    sheet,
    story,
    word,
    word_table,
    workbook,
)

GOOD_ROWS = row(1, "sex", "n") + row(2, "F", "120") + row(3, "M", "135")
GOOD = sheet(GOOD_ROWS)


def book(fill: Any) -> bytes:
    """A workbook that openpyxl writes after `fill(workbook, sheet)`."""
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    for line in (("sex", "n"), ("F", 120), ("M", 135)):
        page.append(line)
    fill(made, page)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def seen_in(content: bytes, name: str = "t.xlsx") -> set[Seen]:
    document = read_document(content, name)
    return {sighting.kind for part in document.walk() for sighting in part.sightings}


def verdict(content: bytes, name: str = "t.xlsx", profile: str = "nhs-sde") -> Severity:
    return verdict_of(judge(read_document(content, name), PROFILES[profile]))


def checks(document: Document) -> set[str]:
    return {finding.check for finding in judge(document, PROFILES["nhs-sde"])}


def nothing(made: Any, page: Any) -> None:
    """Leave the workbook as it is."""


# --- types ----------------------------------------------------------------------------------------------------------
def test_office_files_are_known_by_their_parts() -> None:
    assert detect(book(nothing), "t.xlsx").media_type == types.XLSX
    assert detect(word(paragraph("x")), "t.docx").media_type == types.DOCX


@pytest.mark.parametrize(
    ("parts", "described"),
    [
        ({"a.csv": "x"}, "a zip archive"),
        ({"xl/vbaProject.bin": b"x", "xl/workbook.xml": "x"}, "an Office file with macros"),
        ({"xl/workbook.bin": b"x"}, "a binary or macro workbook"),
        ({"ppt/presentation.xml": b"x"}, "a presentation"),
        ({"mimetype": b"x"}, "an OpenDocument file"),
        ({"archive/data.pkl": b"x"}, "a zip archive with a model or pickle"),
        ({"arr_0.npy": b"x"}, "a NumPy archive"),
        ({"META-INF/MANIFEST.MF": b"x"}, "a Java program"),
        ({"repo/.git/HEAD": b"x"}, "a zip archive with a git repository"),
        ({"[Content_Types].xml": TYPES, "xl/workbook.xml": "x", "word/document.xml": "x"}, "a zip archive"),
    ],
)
def test_other_archives_are_refused_by_name(parts: dict[str, str | bytes], described: str) -> None:
    found = detect(package(parts), "t.xlsx")
    assert (found.media_type, found.described) == ("", described)


def test_a_broken_archive_is_refused() -> None:
    assert detect(b"PK\x03\x04 and nothing", "t.xlsx").described == "a broken zip archive"


def test_a_profile_may_refuse_office_files() -> None:
    content = book(nothing)
    assert verdict(content) is Severity.PASS
    assert verdict(content, profile="opensafely") is Severity.FAIL
    assert verdict(content, "t.csv") is Severity.FAIL


# --- workbooks ------------------------------------------------------------------------------------------------------
def test_every_sheet_is_a_table() -> None:
    def fill(made: Any, page: Any) -> None:
        more = made.create_sheet("Deaths by age")
        for line in (("Deaths in hospital", None), (None, None), ("age", "n_deaths"), ("0-64", 7), ("65+", 120)):
            more.append(line)

    document = read_document(book(fill), "t.xlsx")
    first, second = document.tables
    assert (first.where, first.header, first.rows) == ("sheet Sheet", ("sex", "n"), (("F", "120"), ("M", "135")))
    assert (second.where, second.header) == ("sheet Deaths by age", ("age", "n_deaths"))
    assert any("Deaths in hospital" in passage.text for passage in document.passages)
    findings = [finding for finding in judge(document, PROFILES["nhs-sde"]) if finding.check == "small-counts"]
    assert [(f.severity, f.where) for f in findings] == [("FAIL", "sheet Deaths by age, row 1, column n_deaths")]


def test_values_are_read_in_full_and_dates_as_dates() -> None:
    def fill(made: Any, page: Any) -> None:
        page.append(("share", 0.0731, date(1956, 3, 12), True))
        page["B4"].number_format = "0%"

    rows = read_document(book(fill), "t.xlsx").tables[0].rows
    assert rows[-1] == ("share", "7.31%", "1956-03-12", "TRUE")


def test_a_heading_over_several_columns_is_repeated() -> None:
    rows = row(1, "", "Women") + row(2, "age", "n", "mean") + row(3, "0-64", "120", "1.5")
    content = workbook(sheet(rows, after='<mergeCells><mergeCell ref="B1:C1"/><mergeCell ref="x"/></mergeCells>'))
    assert read_document(content, "t.xlsx").tables[0].header == ("age", "Women n", "Women mean")


def test_long_sheets_are_counted_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_rows, "KEPT_ROWS", 5)
    rows = row(1, "sex", "n") + "".join(row(i, "F", "120") for i in range(2, 21))
    strings = f'<sst xmlns="{MAIN}"><si><t>beyond what is read</t></si></sst>'
    document = read_document(edited(workbook(sheet(rows)), {"xl/sharedStrings.xml": strings}), "t.xlsx")
    assert document.tables[0].total_rows == 19
    assert not document.sightings  # nobody knows whether a text is shown further down


def hidden_sheet(made: Any, page: Any) -> None:
    made.create_sheet("x").append(("n", 7))
    made["x"].sheet_state = "veryHidden"


def hidden_row(made: Any, page: Any) -> None:
    page.row_dimensions[2].hidden = True


def hidden_column(made: Any, page: Any) -> None:
    page.column_dimensions["B"].hidden = True


def narrow_column(made: Any, page: Any) -> None:
    page.column_dimensions["B"].width = 0.01


def blank_format(made: Any, page: Any) -> None:
    page["B2"].number_format = ";;;"


def star_format(made: Any, page: Any) -> None:
    page["B2"].number_format = '[<200]"*";0'


def white_letters(made: Any, page: Any) -> None:
    page["B2"].font = Font(color="FFFFFFFF")


def letters_like_ground(made: Any, page: Any) -> None:
    page["B2"].font = Font(color="FF336699")
    page["B2"].fill = PatternFill("solid", fgColor="FF336699")


def tiny_letters(made: Any, page: Any) -> None:
    page["B2"].font = Font(size=1)


def comment(made: Any, page: Any) -> None:
    page["B2"].comment = Comment("n = 4 before", "Jane")


def hidden_name(made: Any, page: Any) -> None:
    made.defined_names["secret"] = DefinedName("secret", attr_text="Sheet!$A$1", hidden=True)


def constant_name(made: Any, page: Any) -> None:
    made.defined_names["secret"] = DefinedName("secret", attr_text='"943 476 5919"')


def uncomputed(made: Any, page: Any) -> None:
    page["B4"] = "=SUM(B2:B3)"


def outside_formula(made: Any, page: Any) -> None:
    page["B4"] = '=WEBSERVICE("https://x")'


@pytest.mark.parametrize(
    ("fill", "kind"),
    [
        (hidden_sheet, Seen.HIDDEN_SHEET),
        (hidden_row, Seen.HIDDEN_CELLS),
        (hidden_column, Seen.HIDDEN_CELLS),
        (narrow_column, Seen.HIDDEN_CELLS),
        (blank_format, Seen.HIDDEN_VALUE),
        (star_format, Seen.HIDDEN_VALUE),
        (white_letters, Seen.HIDDEN_TEXT),
        (letters_like_ground, Seen.HIDDEN_TEXT),
        (tiny_letters, Seen.HIDDEN_TEXT),
        (comment, Seen.COMMENT),
        (hidden_name, Seen.HIDDEN_NAME),
        (constant_name, Seen.HIDDEN_NAME),
        (uncomputed, Seen.UNCOMPUTED),
        (outside_formula, Seen.EXTERNAL_REFERENCE),
    ],
)
def test_what_a_workbook_hides_fails(fill: Any, kind: Seen) -> None:
    content = book(fill)
    assert kind in seen_in(content)
    assert verdict(content) is Severity.FAIL


def plain_header(made: Any, page: Any) -> None:
    for cell in page[1]:
        cell.font, cell.fill = Font(color="FFFFFFFF", bold=True), PatternFill("solid", fgColor="FF005EB8")


def filtered(made: Any, page: Any) -> None:
    page.auto_filter.ref = "A1:B3"
    made.defined_names["data"] = DefinedName("data", attr_text="'Sheet'!$A$1:$B$3")


def usual_formats(made: Any, page: Any) -> None:
    page["B2"].number_format = '_-* #,##0_-;\\-* #,##0_-;_-* "-"??_-;_-@_-'
    page["B3"].number_format = '#,##0;[Red]-#,##0;"-"'


@pytest.mark.parametrize("fill", [nothing, plain_header, filtered, usual_formats])
def test_what_people_usually_do_passes(fill: Any) -> None:
    assert verdict(book(fill)) is Severity.PASS


def test_formulas_with_their_results_are_for_people() -> None:
    rows = GOOD_ROWS + row(4, "all", "<c><f>B2+B3</f><v>255</v></c>")
    assert verdict(workbook(sheet(rows))) is Severity.REVIEW


@pytest.mark.parametrize(
    ("before", "rows", "kind"),
    [
        ('<sheetFormatPr zeroHeight="1"/>', GOOD_ROWS, Seen.HIDDEN_CELLS),
        ("", row(1, "n") + row(2, "120", more='hidden="true"'), Seen.HIDDEN_CELLS),
        ("", row(1, "n") + row(2, "120", more='ht="0"'), Seen.HIDDEN_CELLS),
        ('<cols><col min="1" max="1" hidden="1"/></cols>', GOOD_ROWS, Seen.HIDDEN_CELLS),
        ("", row(1, "n", "<c><f>[1]Sheet1!A1</f><v>120</v></c>"), Seen.EXTERNAL_REFERENCE),
    ],
)
def test_what_a_sheet_hides_is_seen(before: str, rows: str, kind: Seen) -> None:
    assert kind in seen_in(workbook(sheet(rows, before)))


PART = f'{HEAD}<x xmlns="{MAIN}"><t>n = 4</t></x>'


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("xl/pivotCache/pivotCacheRecords1.xml", Seen.PIVOT_CACHE),
        ("xl/externalLinks/externalLink1.xml", Seen.EXTERNAL_REFERENCE),
        ("xl/connections.xml", Seen.EXTERNAL_REFERENCE),
        ("xl/activeX/activeX1.xml", Seen.ACTIVE_ELEMENT),
        ("xl/macrosheets2/x.xml", Seen.UNKNOWN_PART),
        ("xl/embeddings/oleObject1.bin", Seen.EMBEDDED_FILE),
        ("xl/media/image1.emf", Seen.EMBEDDED_FILE),
        ("xl/model/item.data", Seen.EMBEDDED_FILE),
        ("xl/threadedComments/threadedComment1.xml", Seen.COMMENT),
        ("xl/worksheets/sheet9.xml", Seen.HIDDEN_SHEET),
        ("surprise.bin", Seen.UNKNOWN_PART),
        ("xl/media/image1.png", Seen.SECOND_FORMAT),
    ],
)
def test_parts_that_may_not_leave_are_seen(name: str, kind: Seen) -> None:
    content = edited(workbook(GOOD), {name: PART})
    assert kind in seen_in(content)
    assert verdict(content) is Severity.FAIL


@pytest.mark.parametrize(
    "name",
    [
        "docProps/custom.xml",
        "customXml/item1.xml",
        "xl/drawings/drawing1.xml",
        "xl/diagrams/data1.xml",
        "xl/chartsheets/sheet1.xml",
        "xl/tables/table1.xml",
    ],
)
def test_words_beside_the_sheets_are_searched(name: str) -> None:
    part = f'{HEAD}<x xmlns="{MAIN}"><t descr="see">943 476 5919</t></x>'
    document = read_document(edited(workbook(GOOD), {name: part}), "t.xlsx")
    assert "nhs-number" in checks(document)


def test_a_chart_carries_the_numbers_that_it_draws() -> None:
    def points(tag: str, cache: str, *values: str) -> str:
        inside = "".join(f'<c:pt idx="{i}"><c:v>{value}</c:v></c:pt>' for i, value in enumerate(values))
        return f"<c:{tag}><c:f>Sheet1!A1</c:f><c:{cache}>{inside}</c:{cache}></c:{tag}>"

    name = points("tx", "strCache", "n_deaths")
    one = f"<c:ser>{name}{points('cat', 'strCache', 'F', 'M')}{points('val', 'numCache', '7', '120')}</c:ser>"
    chart = f'{HEAD}<c:chart xmlns:c="c">{one}<c:ser></c:ser></c:chart>'
    document = read_document(edited(workbook(GOOD), {"xl/charts/chart2.xml": chart}), "t.xlsx")
    assert [table.where for table in document.tables] == ["sheet Results", "chart 2, series n_deaths"]
    assert document.tables[1].rows == (("F", "7"), ("M", "120"))
    assert "small-counts" in checks(document)


@pytest.mark.parametrize(
    ("entry", "kinds"),
    [
        (("hyperlink", "https://example.org", "External"), set()),
        (("image", "image1.png", ""), set()),
        (("image", "https://example.org/a.png", "External"), {Seen.EXTERNAL_REFERENCE}),
        (("hyperlink", "java&#10;script:x", "External"), {Seen.SCRIPT_ADDRESS}),
    ],
)
def test_links_wait_and_fetches_are_seen(entry: tuple[str, str, str], kinds: set[Seen]) -> None:
    content = edited(workbook(GOOD), {"xl/worksheets/_rels/sheet1.xml.rels": relations(entry)})
    assert seen_in(content) == kinds


def test_texts_that_no_cell_shows_are_seen() -> None:
    strings = f'<sst xmlns="{MAIN}"><si><t>sex</t></si><si><t>943 476 5919</t></si></sst>'
    rows = row(1, '<c t="s"><v>0</v></c>', "n") + row(2, '<c t="s"><v>99</v></c>', "120")
    document = read_document(edited(workbook(sheet(rows)), {"xl/sharedStrings.xml": strings}), "t.xlsx")
    assert Seen.UNUSED_TEXT in {sighting.kind for sighting in document.sightings}
    assert "nhs-number" in checks(document)


def test_a_rule_that_blanks_values_is_seen() -> None:
    styles = f"""<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="x"/><numFmt numFmtId="170" formatCode="0.0"/>
      </numFmts><fonts><font><sz val="x"/></font><font><color theme="0"/></font><font><color indexed="9"/></font>
      <font><color theme="0" tint="-0.5"/></font><font><color auto="1"/></font></fonts><fills>
      <fill><gradientFill/></fill><fill/><fill><patternFill patternType="gray125"/></fill>
      </fills><cellXfs><xf fontId="1" fillId="1" numFmtId="170"/><xf fontId="2" fillId="9"/><xf fontId="3"/><xf
      fontId="1" fillId="1"/><xf fontId="9"/></cellXfs>
      <dxfs><dxf><numFmt formatCode=";;;"/></dxf></dxfs></styleSheet>"""
    found = seen_in(edited(workbook(GOOD), {"xl/styles.xml": styles}))
    assert {Seen.HIDDEN_VALUE, Seen.HIDDEN_TEXT} <= found


def test_odd_cells_are_shown_as_they_are() -> None:
    odd = (
        '<c r="B1" t="e"><v>#N/A</v></c><c r="A1" t="inlineStr"/><c r="D1"><v>1E999</v></c><c r="E1"><v>x</v></c>'
        '<c r="F1" t="s"><v>x</v></c><c r="G1" t="b"><v>0</v></c><c r="H1" s="77"><v>5</v></c><x/><c><v>6</v></c>'
    )
    rows = f"<row>{odd}</row><row><c><v>1</v></c></row>"
    document = read_document(workbook(sheet(rows)), "t.xlsx")
    shown_cells = {cell for table in document.tables for line in (table.header, *table.rows) for cell in line if cell}
    assert shown_cells >= {"#N/A", "1E999", "x", "FALSE", "5", "6", "1"}


def test_odd_sheets_are_read_as_far_as_they_go() -> None:
    around = '<cols><col width="0"/><col min="9" max="9" width="x"/></cols>'
    after = (
        '<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B2:C2"/></mergeCells><headerFooter><oddHeader>943 476 5919'
        '</oddHeader></headerFooter><dataValidation prompt="see"><formula1>"a,b"</formula1></dataValidation>'
    )
    document = read_document(workbook(sheet(GOOD_ROWS, around, after)), "t.xlsx")
    assert document.tables[0].rows == (("F", "120"), ("M", "135"))
    assert "nhs-number" in checks(document)
    loose = f'{HEAD}<worksheet xmlns="{MAIN}">{GOOD_ROWS}</worksheet>'
    assert read_document(workbook(loose), "t.xlsx").tables[0].rows == document.tables[0].rows


def test_a_workbook_that_names_no_sheet_hides_those_it_has() -> None:
    assert seen_in(edited(workbook(GOOD), {"xl/_rels/workbook.xml.rels": relations()})) == {Seen.HIDDEN_SHEET}
    with zipfile.ZipFile(io.BytesIO(workbook(GOOD))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("workbook.xml.rels")}
    assert seen_in(package(parts)) == {Seen.HIDDEN_SHEET}


@pytest.mark.parametrize(
    ("code", "value", "hidden"),
    [
        (";;;", 7.0, True),
        (";;;", "words", True),
        (";;", "words", False),
        (";;;", "", False),
        ('"*"', 7.0, True),
        ("[<10]\\*;0", 7.0, True),
        ("[<10]\\*;0", 12.0, False),
        ("[>=100]0;[>=50]0", 7.0, False),
        ('0;-0;"-"', 0.0, False),
        ("0;;0", -4.0, True),
        ('"a;b"0', 7.0, False),
        ("[h]:mm", 7.0, False),
        ("[h]", 7.0, False),
        ("General", 7.0, False),
        ("@", 7.0, False),
        ("[Red]", 7.0, True),
        ("0" * 1_000, 7.0, True),
    ],
)
def test_formats_that_hide(code: str, value: float | str, hidden: bool) -> None:
    assert hides(code, value) is hidden


def test_formats_that_could_hide() -> None:
    assert hides_something(";;;") and hides_something("[=1]\\*;0") and hides_something('0;"x"')
    assert not hides_something('0;-0;"-"') and not hides_something("General")


def test_numbers_are_shown_in_full() -> None:
    assert shown("0", 117.4) == "117.4"
    assert shown("General", 1e20) == "1e+20"
    assert shown("yyyy", 0.5) == "1899-12-30 12:00"
    assert shown("yyyy-mm-dd", 1.0, since_1904=True) == "1904-01-02"
    assert shown("yyyy", -1.0) == "-1"


# --- packages -------------------------------------------------------------------------------------------------------
def test_hostile_names_and_doubles_are_refused() -> None:
    for name in ("../x", "/x", "a//b", "a\\b", "c:x", "a/../b", "folder/"):
        with pytest.raises(PackageError):
            Package(package({name: "x"}))
    with pytest.raises(PackageError):
        Package(package({"a.xml": "x", "A.xml": "y"}))
    with pytest.raises(PackageError):
        Package(b"PK")


def test_packages_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PackageError) as refused:
        Package(package({f"p{i}": "" for i in range(MOST_PARTS + 1)}))
    assert refused.value.kind is Seen.TOO_MANY_PARTS
    monkeypatch.setattr(office_package, "MOST_UNPACKED", 100)
    with pytest.raises(PackageError) as refused:
        Package(package({"a": "x" * 101}))
    assert refused.value.kind is Seen.TOO_LARGE
    held = Package(package({"a": "x" * 60}))
    held.read("a")
    with pytest.raises(PackageError) as refused:
        held.read("a")
    assert refused.value.kind is Seen.TOO_LARGE
    with pytest.raises(PackageError):
        held.read("b")


def test_an_encrypted_package_is_refused() -> None:
    content = bytearray(package({"a": "x"}))
    content[content.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(PackageError) as refused:
        Package(bytes(content))
    assert refused.value.kind is Seen.ENCRYPTED


def test_bytes_between_parts_are_seen() -> None:
    content = workbook(GOOD)
    assert seen_in(content) == set()
    assert Seen.TRAILING_BYTES in seen_in(content + b"more")
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"more"
    assert Seen.TRAILING_BYTES in seen_in(out.getvalue())
    directory = content.find(b"PK\x01\x02")
    gap = bytearray(content[:directory] + b"x" * 50 + content[directory:])
    end = gap.rfind(b"PK\x05\x06")
    struct.pack_into("<I", gap, end + 16, directory + 50)
    assert Seen.TRAILING_BYTES in seen_in(bytes(gap))


def test_a_directory_that_points_past_the_end_is_damaged() -> None:
    content = bytearray(package({"a": "x"}))
    held = Package(bytes(content))
    held._members["a"].header_offset = len(content)
    assert [sighting.kind for sighting in held.look_for_gaps()] == [Seen.DAMAGED]


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("<worksheet", Seen.DAMAGED),
        ("<a>" * 300 + "</a>" * 300, Seen.TOO_DEEP),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', Seen.ENTITY),
        ('<?xml version="1.0" encoding="no-such"?><a/>', Seen.DAMAGED),
    ],
)
def test_broken_and_hostile_xml_is_seen(part: str, kind: Seen) -> None:
    assert {sighting.kind for sighting in read_xlsx(workbook(part), "").sightings} == {kind}
    assert kind in seen_in(edited(word(paragraph("x")), {"word/document.xml": part}), "t.docx")


# --- texts ----------------------------------------------------------------------------------------------------------
def test_paragraphs_and_tables_of_a_document_are_read_wherever_they_stand() -> None:
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{paragraph("Deaths")}</w:tc>'
    down = '<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + paragraph("F") + "</w:tc>"
    on = f"<w:tc><w:tcPr><w:vMerge/></w:tcPr>{paragraph('')}</w:tc>"
    table = word_table(("sex", wide), ("", "n_deaths", "mean"), (down, "7", "1.5"), (on, "120", "2.5"))
    body = "<w:p><w:r><w:t>We saw </w:t><w:tab/><w:t>n = 4.</w:t></w:r></w:p>"
    body += f"<w:sdt><w:sdtContent>{table}</w:sdtContent></w:sdt>"
    parts = {"word/header1.xml": story("hdr", paragraph("943 476 5919") + word_table(("a", "n"), ("x", "120")))}
    document = read_document(word(body, parts), "t.docx")
    assert document.tables[0].header == ("sex", "Deaths n_deaths", "Deaths mean")
    assert document.tables[0].rows == (("F", "7", "1.5"), ("F", "120", "2.5"))
    assert {"small-counts", "nhs-number"} <= checks(document)
    assert document.passages[0].text == "We saw  n = 4."
    assert "header" in {passage.where for passage in document.passages}


def test_a_plain_document_passes() -> None:
    body = paragraph("We studied 120 patients.") + word_table(("sex", "n"), ("F", "120"), ("M", "135"))
    styles = story("styles", '<w:style w:styleId="plain"><w:rPr><w:b/></w:rPr></w:style>')
    content = word(body, {"word/styles.xml": styles, "word/settings.xml": story("settings", "<w:zoom/>")})
    assert verdict(content, "t.docx") is Severity.PASS


WHITE = paragraph("x", '<w:color w:val="FFFFFF"/>')
HIDING_STYLE = story("styles", '<w:style w:styleId="gone"><w:rPr><w:vanish/></w:rPr></w:style>')


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"<w:ins>{paragraph('x')}</w:ins>", Seen.TRACKED_CHANGE),
        ("<w:p><w:del><w:r><w:delText>n = 4</w:delText></w:r></w:del></w:p>", Seen.TRACKED_CHANGE),
        (paragraph("x", "<w:rPrChange/>"), Seen.TRACKED_CHANGE),
        (paragraph("x", "<w:vanish/>"), Seen.HIDDEN_TEXT),
        (paragraph("x", '<w:rStyle w:val="gone"/>'), Seen.HIDDEN_TEXT),
        (paragraph("x", properties='<w:pPr><w:pStyle w:val="gone"/></w:pPr>'), Seen.HIDDEN_TEXT),
        (paragraph("x", '<w:color w:val="FFFFFF"/>'), Seen.HIDDEN_TEXT),
        (paragraph("x", '<w:sz w:val="2"/>'), Seen.HIDDEN_TEXT),
        ("<w:p><w:r><w:object/></w:r></w:p>", Seen.EMBEDDED_FILE),
        ("<w:altChunk/>", Seen.EMBEDDED_FILE),
        ("<w:control/>", Seen.ACTIVE_ELEMENT),
        ("<w:p><w:r><w:instrText>DD</w:instrText><w:instrText>EAUTO x</w:instrText></w:r></w:p>", Seen.ACTIVE_ELEMENT),
        ('<w:fldSimple w:instr="INCLUDEPICTURE x"/>', Seen.EXTERNAL_REFERENCE),
    ],
)
def test_what_a_document_hides_fails(body: str, kind: Seen) -> None:
    content = word(paragraph("120 patients") + body, {"word/styles.xml": HIDING_STYLE})
    assert kind in seen_in(content, "t.docx")
    assert verdict(content, "t.docx") is Severity.FAIL


@pytest.mark.parametrize(
    "body",
    [
        paragraph("x", '<w:vanish w:val="0"/>'),
        paragraph("", "<w:vanish/>"),
        paragraph("x", '<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>'),
        f'<w:tbl><w:tr><w:tc><w:tcPr><w:shd w:fill="005EB8"/></w:tcPr>{WHITE}</w:tc></w:tr></w:tbl>',
        f'<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/></w:tblPr><w:tr><w:tc>{WHITE}</w:tc></w:tr></w:tbl>',
        '<w:fldSimple w:instr="PAGE"/>',
        f"<w:tbl><w:tr><w:tc>{paragraph('x')}<w:tbl/></w:tc><w:tbl/></w:tr></w:tbl>",
        '<w:p><w:pPr><w:pStyle w:val="gone"/></w:pPr></w:p>',
    ],
)
def test_what_people_usually_write_hides_nothing(body: str) -> None:
    assert seen_in(word(body, {"word/styles.xml": HIDING_STYLE}), "t.docx") == set()


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("word/comments.xml", story("comments", f"<w:comment>{paragraph('x')}</w:comment>"), Seen.COMMENT),
        ("word/settings.xml", story("settings", '<w:docVars><w:docVar w:val="7"/></w:docVars>'), Seen.HIDDEN_TEXT),
        ("word/settings.xml", story("settings", "<w:mailMerge/>"), Seen.EXTERNAL_REFERENCE),
        ("word/embeddings/Microsoft_Excel_Sheet.xlsx", "x", Seen.EMBEDDED_FILE),
        ("word/afchunk.html", "x", Seen.EMBEDDED_FILE),
    ],
)
def test_parts_of_a_document_that_may_not_leave(name: str, part: str, kind: Seen) -> None:
    assert kind in seen_in(word(paragraph("x"), {name: part}), "t.docx")


def test_an_empty_list_of_comments_is_none() -> None:
    parts = {"word/comments.xml": story("comments", ""), "word/glossary/settings.xml": story("settings", "")}
    assert seen_in(word(paragraph("x"), parts), "t.docx") == set()


# --- sanitising -----------------------------------------------------------------------------------------------------
SECRET = "Jane Secret"


def test_a_workbook_loses_its_properties_and_authors_but_no_cell() -> None:
    def fill(made: Any, page: Any) -> None:
        made.properties.creator = SECRET
        page["B2"].comment = Comment("kept", SECRET)

    person = f'<personList xmlns="x"><person displayName="{SECRET}" userId="{SECRET}"/></personList>'
    pages = sheet(GOOD_ROWS, after='<pageSetup orientation="portrait" r:id="r1"/>')
    printer = relations(
        ("printerSettings", "../printerSettings/printerSettings1.bin", ""), ("x", "/xl/workbook.xml", "")
    )
    parts = {
        "xl/persons/person.xml": person,
        "customXml/item1.xml": f"<x>{SECRET}</x>",
        "xl/printerSettings/printerSettings1.bin": SECRET,
        "docProps/thumbnail.jpeg": SECRET,
        "xl/worksheets/sheet2.xml": pages,
        "xl/worksheets/_rels/sheet2.xml.rels": printer,
    }
    before = edited(book(fill), parts)
    after = strip(before, types.XLSX)
    words = {"document properties", "custom XML", "printer settings", "thumbnail", "authors and revision marks"}
    assert set(after.removed) == words
    with zipfile.ZipFile(io.BytesIO(after.content)) as archive:
        assert not [name for name in archive.namelist() if SECRET.encode() in archive.read(name)]
        assert b"docProps" not in archive.read("_rels/.rels") + archive.read("[Content_Types].xml")
        assert b'r:id="r1"' not in archive.read("xl/worksheets/sheet2.xml")
        assert b"printerSettings" not in archive.read("xl/worksheets/_rels/sheet2.xml.rels")
        assert archive.namelist()[0] == "[Content_Types].xml"
    opened = openpyxl.load_workbook(io.BytesIO(after.content))["Sheet"]
    assert [[cell.value for cell in line] for line in opened.iter_rows()] == [["sex", "n"], ["F", 120], ["M", 135]]
    assert opened["B2"].comment is not None and "kept" in str(opened["B2"].comment.text)
    again = strip(after.content, types.XLSX)
    assert (again.content, again.removed) == (after.content, ())


def test_a_document_loses_authors_and_revision_marks_but_no_word() -> None:
    change = (
        f'<w:p w:rsidR="00AA"><w:ins w:author="{SECRET}" w:date="2026-01-01"><w:r><w:t>kept</w:t></w:r></w:ins></w:p>'
    )
    settings = story("settings", '<w:rsids><w:rsid w:val="00AA"/></w:rsids>')
    parts = {"word/settings.xml": settings, "docProps/app.xml": f"<x>{SECRET}</x>"}
    after = strip(word(change, parts), types.DOCX)
    with zipfile.ZipFile(io.BytesIO(after.content)) as archive:
        text = archive.read("word/document.xml")
        assert b"kept" in text and b"rsid" not in text + archive.read("word/settings.xml")
        assert SECRET.encode() not in text and b"2026-01-01" not in text
    assert strip(after.content, types.DOCX).removed == ()
    assert f'xmlns:r="{LINK}"'.encode() in text


def test_pictures_inside_lose_what_is_written_beside_them() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET)
    pictures = {}
    for form, more in (("png", {"pnginfo": texts}), ("jpeg", {"comment": SECRET})):
        out = io.BytesIO()
        Image.new("RGB", (8, 8), "red").save(out, format=form, **more)
        pictures[f"word/media/image1.{form}"] = out.getvalue()
    after = strip(word(paragraph("x"), pictures), types.DOCX)
    assert after.removed == ("texts beside the picture",)
    with zipfile.ZipFile(io.BytesIO(after.content)) as archive:
        assert not [name for name in archive.namelist() if SECRET.encode() in archive.read(name)]
        assert Image.open(archive.open("word/media/image1.png")).size == (8, 8)
    assert strip(after.content, types.DOCX).removed == ()


def test_a_broken_office_file_is_not_stripped() -> None:
    for content in (b"PK", edited(word(paragraph("x")), {"word/document.xml": "<"})):
        with pytest.raises(CannotStripError):
            strip(content, types.DOCX)

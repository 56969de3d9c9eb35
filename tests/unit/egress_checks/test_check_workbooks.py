"""What the reader of xlsx sees, and what of it may not leave."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName

from egress.checks import judge
from egress.findings import Severity
from egress.inspection import sheet_rows
from egress.inspection.document import Seen
from egress.inspection.reading import read_document
from governance.disclosure import PROFILES
from tests.support.office_checks import GOOD, GOOD_ROWS, book, checks, nothing, seen_in, verdict
from tests.support.office_files import (
    HEAD,
    MAIN,
    edited,
    package,
    relations,
    row,
    sheet,
    workbook,
)


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

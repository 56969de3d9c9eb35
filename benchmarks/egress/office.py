"""Workbooks, Word documents and PDFs, safe and leaky. They are made by the libraries that analysts use where there is
one here (openpyxl, matplotlib), and by hand where there is none."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import openpyxl
from openpyxl.comments import Comment

from benchmarks.egress.containers import zipped
from benchmarks.egress.labelled import Labelled, leaky, look, safe
from tests.support.office_files import MAIN, WORD

Rows = Sequence[Sequence[Any]]
GOOD: Rows = (("sex", "patients"), ("F", 1250), ("M", 1185))
BAD: Rows = (("site", "deaths"), ("A", 120), ("B", 3))
PERSONS: Rows = (("nhs_number", "age"), ("943 476 5919", 71), ("401 023 2137", 64))
MOMENT = b">2026-11-02T09:00:00Z<"
WRITTEN = re.compile(rb">\d{4}-\d\d-\d\dT[\d:]+Z<")  # openpyxl writes the moment of saving


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    del random
    return [*_workbooks(), *_documents(), *_pdfs()]


def workbook(sheets: dict[str, Rows], change: Callable[[Any], object] = str) -> bytes:
    """A workbook as openpyxl writes it, with `change` made to it, always the same bytes."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    change(book)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    core = "docProps/core.xml"
    return zipped({**parts, core: WRITTEN.sub(MOMENT, parts[core])})


def edited(content: bytes, parts: dict[str, bytes]) -> bytes:
    """A package with parts added."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return zipped({**{name: archive.read(name) for name in archive.namelist()}, **parts})


def document(body: str, **parts: str) -> bytes:
    """A Word document around a body."""
    types = "".join(
        f'<Override PartName="/word/{n}.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{n}+xml"/>'
        for n in parts
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{n}" Target="{n}.xml"/>'
        for i, n in enumerate(parts)
    )
    kind = "http://schemas.openxmlformats.org/package/2006"
    return zipped({
        "[Content_Types].xml": f'<Types xmlns="{kind}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{kind}/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{kind}/relationships">{links}</Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        **{f"word/{name}.xml": text for name, text in parts.items()},
    })  # fmt: skip


def paragraph(text: str, marks: str = "") -> str:
    """One paragraph; `marks`: XML of its run's properties."""
    return f"<w:p><w:r><w:rPr>{marks}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def table(rows: Rows) -> str:
    """A table of a document."""
    cells = ("".join(f"<w:tc>{paragraph(str(cell))}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def _workbooks() -> list[Labelled]:
    def hide(state: str) -> Callable[[Any], object]:
        return lambda book: setattr(book["Data"], "sheet_state", state)

    def blank(book: Any) -> None:
        book["Results"]["B3"].number_format = ";;;"

    def remark(book: Any) -> None:
        book["Results"]["A1"].comment = Comment("patient 943 476 5919 left out", "me")

    def fold(book: Any) -> None:
        book["Results"].row_dimensions[3].hidden = True

    def shape(book: Any) -> None:
        book["Results"]["B2"].number_format = "#,##0"
        book["Results"].freeze_panes = "A2"

    both = {"Results": GOOD, "Data": PERSONS}
    codes = (
        ("snomed", "term"),
        ("22298006", "Myocardial infarction"),
        ("73211009", "Diabetes mellitus"),
        ("49436004", "Atrial fibrillation"),
    )
    hazards = (
        ("term", "HR", "lower", "upper", "p"),
        ("age", 1.032, 1.028, 1.034, 0.0001),
        ("male", 1.119, 1.041, 1.202, 0.002),
    )
    macro = edited(workbook({"Results": GOOD}), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" + bytes(60)})
    link = edited(
        workbook({"Results": GOOD}), {"xl/externalLinks/externalLink1.xml": f'<externalLink xmlns="{MAIN}"/>'.encode()}
    )
    return [
        safe("results.xlsx", "rounded-table", workbook({"Results": GOOD})), safe("hazards.xlsx", "coefficients", workbook({"Cox": hazards})),
        safe("two_sheets.xlsx", "rounded-table", workbook({"Sex": GOOD, "Region": (("region", "patients"), ("N", 900), ("S", 1535))})),
        safe("codes.xlsx", "snomed-codes", workbook({"Codes": codes})), safe("formatted.xlsx", "rounded-table", workbook({"Results": GOOD}, shape)),
        leaky("small.xlsx", "small-count", "Results, B3", workbook({"Results": BAD})), leaky("second_sheet.xlsx", "small-count", "Deaths, B3", workbook({"Results": GOOD, "Deaths": BAD})),
        leaky("text_numbers.xlsx", "small-count", "Results, B3", workbook({"Results": (("site", "deaths"), ("A", "120"), ("B", "3"))})),
        leaky("hidden_sheet.xlsx", "hidden-data nhs-number", "Data", workbook(both, hide("hidden"))), leaky("very_hidden.xlsx", "hidden-data nhs-number", "Data", workbook(both, hide("veryHidden"))),
        leaky("number_format.xlsx", "hidden-data small-count", "Results, B3", workbook({"Results": BAD}, blank)), leaky("hidden_row.xlsx", "hidden-data small-count", "Results, row 3", workbook({"Results": BAD}, fold)),
        leaky("comment.xlsx", "hidden-data nhs-number", "Results, A1", workbook({"Results": GOOD}, remark)), leaky("macro.xlsx", "active-content", "vbaProject.bin", macro),
        leaky("persons.xlsx", "row-level nhs-number", "People", workbook({"People": PERSONS})), leaky("formula.xlsx", "formula-without-result", "Results, B4", workbook({"Results": (*GOOD, ("All", "=B2+B3"))})),
        leaky("external_link.xlsx", "hidden-data", "externalLink1.xml", link), leaky("workbook_as.csv", "polyglot", "the file", workbook({"Results": GOOD})),
    ]  # fmt: skip


def _documents() -> list[Labelled]:
    methods = paragraph("Adults registered from 2015 to 2023; Cox models with 7 knots; p &lt; 0.05 (two-sided).")
    note = f'<w:comments xmlns:w="{WORD}"><w:comment w:id="0" w:author="me">{paragraph("check 943 476 5919")}</w:comment></w:comments>'
    deleted = '<w:p><w:del w:id="1" w:author="me"><w:r><w:delText>patient 943 476 5919</w:delText></w:r></w:del></w:p>'
    white = paragraph("943 476 5919", '<w:color w:val="FFFFFF"/>')
    return [
        safe("methods.docx", "years p-values", document(methods)), safe("table1.docx", "rounded-table", document(paragraph("Table 1") + table(GOOD))),
        leaky("table2.docx", "small-count", "table 1", document(paragraph("Table 2") + table(BAD))), leaky("persons.docx", "nhs-number", "table 1", document(table(PERSONS))),
        leaky("comments.docx", "hidden-data nhs-number", "comment", document(methods, comments=note)), leaky("deleted.docx", "hidden-data nhs-number", "tracked change", document(methods + deleted)),
        leaky("white.docx", "hidden-data nhs-number", "white words", document(methods + white)), leaky("postcode.docx", "postcode", "paragraph 1", document(paragraph("The index case lived at EX4 4PY."))),
    ]  # fmt: skip


def pdf(*lines: str) -> bytes:
    """One page with these lines, as matplotlib writes it."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf  # takes as long as most tests that only load this file
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4))
    for number, line in enumerate(lines):
        figure.text(0.1, 0.9 - number / 12, line, family="monospace")
    out = io.BytesIO()
    FigureCanvasPdf(figure).print_pdf(out, metadata={"CreationDate": None})
    return out.getvalue()


def _pdfs() -> list[Labelled]:
    script = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    return [
        look("figure.pdf", "pdf", "the file", pdf("Survival by arm")), look("table.pdf", "pdf", "the file", pdf("sex    patients", "F      1250", "M      1185")),
        leaky("person.pdf", "nhs-number", "page 1", pdf("Excluded: 943 476 5919")), leaky("script.pdf", "active-content", "catalogue", script),
        leaky("pdf_and_zip.pdf", "polyglot", "behind the end", pdf("Figure 1") + b"PK\x03\x04" + bytes(60)), leaky("postcode.pdf", "postcode", "page 1", pdf("Cluster at EX4 4PY")),
    ]  # fmt: skip

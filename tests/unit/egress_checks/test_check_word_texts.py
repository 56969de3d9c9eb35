"""What the reader of docx sees, and what of it may not leave."""

from __future__ import annotations

import pytest

from egress.findings import Severity
from egress.inspection.document import Seen
from egress.inspection.reading import read_document
from tests.support.office_checks import checks, seen_in, verdict
from tests.support.office_files import (
    paragraph,
    story,
    word,
    word_table,
)


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

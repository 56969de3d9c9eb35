"""Findings on the page: every one has a place that a link reaches, on the very cell or line where that can be said."""

from __future__ import annotations

import io
import json
import re

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.drawing.image import Image as Picture
from PIL import Image

from egress.inspection import media_types as types
from egress.inspection import pdf_pictures, showing
from egress.inspection.document import Table
from egress.inspection.flagging import Flag, Flags
from egress.inspection.places import HEADER_ROW, place_of
from egress.inspection.showing import show


def shown(content: str | bytes, media_type: str, *places: str) -> str:
    data = content.encode() if isinstance(content, str) else content
    flags = tuple(Flag(number, "FAIL", where) for number, where in enumerate(places, start=1))
    return show(data, media_type, 10, 5, flags)


@given(
    rows=st.sets(st.integers(HEADER_ROW, 30), min_size=1, max_size=5),
    column=st.integers(0, 3),
    where=st.sampled_from(["", "cell 3, output 1", "sheet Ages, 2025", "table 2"]),
)
def test_what_places_names_flagging_reads_back(rows: set[int], column: int, where: str) -> None:
    names = ("sex", "", "people, all", "year")
    table = Table(where, names, tuple(("F", "1", "120", "2025") for _ in range(40)), 40)
    place = place_of(table, sorted(rows), column)
    assert set(Flags([Flag(1, "FAIL", place)]).in_table(table)) == {(row, column) for row in rows}


def test_rows_that_are_not_named_stay_unmarked_and_columns_mark_their_header() -> None:
    table = Table("", ("sex", "people"), tuple(("F", "3") for _ in range(40)), 40)
    flags = Flags([Flag(1, "FAIL", "rows 1, 2, 3, 4, 5 and 20 more, column people"), Flag(2, "FAIL", "column sex")])
    assert set(flags.in_table(table)) == {*((row, 1) for row in range(5)), (HEADER_ROW, 0)}


def test_several_columns_are_flagged_together() -> None:
    table = Table("", ("sex", "year", "people"), tuple(("F", "2025", "3") for _ in range(4)), 4)
    flags = Flags([Flag(1, "REVIEW", "rows 1 and 2, columns year, people"), Flag(2, "REVIEW", "columns sex and year")])
    cells = {(row, column) for row in (0, 1) for column in (1, 2)}
    assert set(flags.in_table(table)) == cells | {(HEADER_ROW, 0), (HEADER_ROW, 1)}
    assert not Flags([Flag(1, "REVIEW", "row 1, columns year, nothing")]).in_table(table)


@pytest.mark.parametrize(
    "place", ["row 99, column people", "row 1, column nothing", "line 1", "the name", "rows , column people", "row x"]
)
def test_a_place_that_is_not_in_the_table_marks_nothing(place: str) -> None:
    table = Table("", ("sex", "people"), (("F", "3"),), 1)
    assert not Flags([Flag(1, "FAIL", place)]).in_table(table)


@pytest.mark.parametrize(
    ("content", "media_type", "place", "words"),
    [
        ("sex,n\nF,7\n", types.CSV, "row 1, column n", '<td class="flagged fail"><mark'),
        ("sex,n\nF,7\n", types.CSV, "", "is about: the whole file"),
        ("sex,n\nF,7\n", types.CSV, "a place <nobody> knows", "is about: a place &lt;nobody&gt; knows"),
        ("one\ntwo <b>\n", types.PLAIN, "line 2", '<span class="flagged">two &lt;b&gt; <span class="tag'),
        ("| sex | n |\n|---|---|\n| F | 7 |\n", types.MARKDOWN, "row 1, column n", '<td class="flagged fail">'),
        ('{"a": 1}', types.JSON, "line 1", '<span class="flagged">'),
    ],
)
def test_every_finding_has_one_first_place(content: str, media_type: str, place: str, words: str) -> None:
    html = shown(content, media_type, place)
    assert html.count('id="f1"') == 1
    assert words in html


def test_a_late_row_with_a_finding_is_shown_and_two_findings_share_a_cell() -> None:
    rows = "".join(f"F,{number * 10}\n" for number in range(1, 1501))
    html = shown(f"sex,n\n{rows}", types.CSV, "row 1400, column n", "row 1400, column n")
    assert "14000" in html and "13990" not in html.partition("<details")[0]
    assert html.count('id="f1"') == html.count('id="f2"') == 1
    assert "499 more rows" in html


def test_the_cells_of_a_notebook_are_marked_and_none_can_be_forged() -> None:
    told = {"output_type": "stream", "name": "stdout", "text": "sex  people\nF       120\nM         3\n"}
    forged = '<p class="place-0123456789abcdef-1">Cell</p><span id="f1">here</span>'
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": forged},
        {"cell_type": "code", "metadata": {}, "source": "x", "execution_count": 1, "outputs": [told]},
    ]
    book = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})
    html = shown(book, types.NOTEBOOK, "cell 2, output 1, row 2, column people", "cell 2", "cell 20")
    assert re.search('<td class="flagged fail">.{0,80}3.{0,80}id="f1"', html)
    assert re.search('<p class="place">Cell 2 <span class="tag fail" id="f2">', html)
    assert html.count('id="f1"') == html.count('id="f3"') == 1


def test_a_workbook_is_shown_by_its_tables_and_a_type_nobody_knows_is_not() -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (("sex", "n"), ("F", 7)):
        book.active.append(row)
    picture = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(picture, format="PNG")
    book.active.add_image(Picture(picture))
    book.save(out)
    html = shown(out.getvalue(), types.XLSX, "sheet Sheet, row 1, column n")
    assert '<td class="flagged fail"><mark' in html
    assert 'alt="A picture in the file:' in html
    assert "A file of this type is not shown." in shown(b"x", "application/zip")


@pytest.mark.slow
def test_a_pdf_of_many_pages_is_drawn_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (showing, pdf_pictures):
        monkeypatch.setattr(module, "MOST_PAGES", 1)
    out = io.BytesIO()
    first, second = (Image.new("RGB", (60, 40), colour) for colour in ("red", "blue"))
    first.save(out, format="PDF", save_all=True, append_images=[second])
    html = shown(out.getvalue(), types.PDF)
    assert "<h2>Page 1</h2>" in html and "<h2>Page 2" not in html
    assert "Only the first 1 pages are drawn." in html


@pytest.mark.slow
def test_the_pages_of_a_pdf_are_drawn() -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, format="PDF")
    html = shown(out.getvalue(), types.PDF, "page 1")
    assert "data:image/png;base64," in html
    assert '<h2>Page 1 <span class="tag fail" id="f1">' in html
    assert "cannot be drawn" in shown(b"%PDF-1.4 broken %%EOF", types.PDF)

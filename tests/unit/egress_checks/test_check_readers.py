"""What the readers see in each type of file."""

from __future__ import annotations

import csv
import io
import json
import struct
import zlib

import pytest
from PIL import Image

from egress.inspection import media_types as types
from egress.inspection.decoding import STRETCH, decode, look_for_hidden_text
from egress.inspection.delimited import KEPT_ROWS, read_delimited, sniff_delimiter
from egress.inspection.detection import detect, holds_second_format
from egress.inspection.document import Seen, Sighting
from egress.inspection.html_pages import read_html
from egress.inspection.json_data import DEEPEST, MOST_TABLES, read_json
from egress.inspection.notebooks import read_notebook
from egress.inspection.pdf_pages import read_pdf
from egress.inspection.pictures import read_picture
from egress.inspection.pieces import Pieces
from egress.inspection.plain_texts import read_markdown, read_plain_text
from egress.inspection.reading import read_as, read_document
from egress.inspection.svg_pictures import read_svg
from egress.inspection.text_tables import read_text_tables


def kinds(pieces: Pieces) -> set[Seen]:
    return {sighting.kind for sighting in pieces.sightings}


# --- text -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_common_encodings_are_read(encoding: str) -> None:
    text = "region,n\nYnys Môn,120\nNorth,235\n"
    assert (decode(text.encode(encoding)).text or "").lstrip("\ufeff") == text


def test_bytes_that_no_code_page_knows_are_latin_1() -> None:
    assert decode(b"caf\xe9 \x81").encoding == "latin-1"


@pytest.mark.parametrize("content", [b"a\x00b,c\n", b"\x01\x02\x03\x04abc", b"\xff\xfea"])
def test_bytes_that_are_no_text(content: bytes) -> None:
    decoded = decode(content)
    assert decoded.text is None
    assert decoded.sightings


def test_hidden_text_is_seen() -> None:
    assert {s.kind for s in decode(("x" * 1200).encode()).sightings} == {Seen.ENCODED_BLOB}
    for before in (0, 1, STRETCH - 1):  # wherever it begins, and no longer than it must be
        for blob in ("x" * 1000, ("y" * 60 + "\r\n") * 20):
            assert look_for_hidden_text(". " * before + "\n" + blob + ".", "") == [Sighting(Seen.ENCODED_BLOB, "")]
    assert look_for_hidden_text("data:image/png;base64," + "x" * 1200, "") == []
    wrapped = "\n".join(["QUJD" * 19] * 25) + "\n"
    assert {s.kind for s in decode(wrapped.encode()).sightings} == {Seen.ENCODED_BLOB}
    assert {s.kind for s in decode("a\u200bb".encode()).sightings} == {Seen.INVISIBLE_CHARACTERS}
    assert not decode(b"a,b\n1,2\n").sightings


# --- types ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (b"a,b\n", "t.csv", types.CSV),
        (b"a\tb\n", "t.tsv", types.TSV),
        (b"hello", "t.txt", types.PLAIN),
        (b"hello", "t.xyz", types.PLAIN),
        (b"# hello", "t.md", types.MARKDOWN),
        (b"<div>x</div>", "t.md", types.MARKDOWN),
        (b"<div>x</div>", "t.txt", types.HTML),
        (b"<p>x</p>", "t.html", types.HTML),
        (b"no markup", "t.html", types.PLAIN),
        (b"<!-- a --> <html>", "t.csv", types.HTML),
        (b"<svg xmlns=''/>", "t.svg", types.SVG),
        (b"<?xml version='1.0'?><!-- x --><!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "t.svg", types.SVG),
        (b"<?xml version='1.0'?><a/>", "t.svg", ""),
        (b'{"a": 1}', "t.txt", types.JSON),
        (b"{not json", "t.txt", types.PLAIN),
        (b"[" * 9000, "t.txt", types.PLAIN),
        (b"{not json", "t.json", types.JSON),
        (b'{"nbformat": 4, "cells": []}', "t.json", types.NOTEBOOK),
        (b"\x89PNG\r\n\x1a\n", "t.csv", types.PNG),
        (b"\xff\xd8\xff\xe0", "t.csv", types.JPEG),
        (b"%PDF-1.4", "t.csv", types.PDF),
        (b"MZ,n\nA,120\n", "t.csv", types.CSV),
        (b"ORC yields 120", "t.txt", types.PLAIN),
        (b"The end.", "t.txt", types.PLAIN),
        (b".", "t.txt", types.PLAIN),
        (b"MZ\x00\x01\x02", "t.csv", ""),
        (b"\x00\x01\x02\x03garbage", "t.csv", ""),
        (b"Obj\x01\x04\xff\xfe", "t.csv", ""),
    ],
)
def test_types_are_told_by_content(content: bytes, name: str, media_type: str) -> None:
    assert detect(content, name).media_type == media_type


def test_a_thousand_comments_are_no_trap() -> None:
    assert detect(b"<!---->" * 600 + b"<x>", "t.txt").media_type == types.PLAIN


def test_a_second_format_is_seen() -> None:
    assert holds_second_format(b"\x89PNG %PDF-1.4 1 0 obj", types.PNG)
    assert not holds_second_format(b"%PDF-1.4 1 0 obj", types.PDF)
    assert not holds_second_format(b"we wrote %PDF-1.4 once", types.PLAIN)


# --- delimited ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("text", "mark"), [("a,b\n1,2\n", ","), ("a;b\n1,5;2\n", ";"), ("a|b\n1|2\n", "|")])
def test_delimiters_are_found(text: str, mark: str) -> None:
    assert sniff_delimiter(text) == mark


def test_prose_has_no_delimiter() -> None:
    assert sniff_delimiter("one\ntwo\nthree, four\nfive\n") == ""


def test_a_cell_over_a_megabyte_is_refused() -> None:
    huge = 'a,b\n1,"' + "x " * 600_000 + '"\n'
    with pytest.raises(csv.Error):
        read_delimited(huge, "")
    assert {s.kind for s in read_document(huge.encode(), "t.csv").sightings} == {Seen.DAMAGED}
    assert sniff_delimiter(huge) == ""


def test_a_long_file_is_counted_but_not_kept() -> None:
    table = read_delimited("a,b\n" + "1.5,2.5\n" * (KEPT_ROWS + 100), "").tables[0]
    assert table.total_rows == KEPT_ROWS + 100
    assert len(table.rows) < KEPT_ROWS


def test_a_file_without_header() -> None:
    table = read_delimited("F,7\nM,8\n", "").tables[0]
    assert table.header == ("", "")
    assert len(table.rows) == 2


def test_a_table_cut_by_a_blank_line_goes_on() -> None:
    tables = read_delimited("a,n\nx,120\n\ny,130\n", "").tables
    assert [table.total_rows for table in tables] == [2]
    assert tables[0].header == ("a", "n")


def test_two_tables_are_numbered() -> None:
    tables = read_delimited("a,n\nx,120\n\nregion,deaths,rate\ny,130,4.5\n", "").tables
    assert [table.where for table in tables] == ["table 1", "table 2"]


def test_titles_and_notes_are_kept_as_text() -> None:
    sheet = read_delimited("Table 1\n\na,n\nx,120\n\nNote: rounded\n", "")
    assert [table.header for table in sheet.tables] == [("a", "n")]
    assert sheet.passages[0].text == "Table 1\nNote: rounded"


def test_a_title_with_the_delimiter_in_brackets_is_one_cell() -> None:
    sheet = read_delimited("Deaths (N = 2,420),\nsex,n\nF,120\n", "")
    assert (sheet.tables[0].header, sheet.tables[0].caption) == (("sex", "n"), "Deaths (N = 2,420)")
    assert [passage.text for passage in sheet.passages] == ["Deaths (N = 2,420)"]


def test_a_star_between_bars_is_no_emphasis() -> None:
    tables, _ = read_text_tables("| a | n |\n|---|---|\n| **x** | * |\n| `y` | \\* |\n| z | *5* |\n", "")
    assert tables[0].rows == (("x", "*"), ("y", "*"), ("z", "5"))


def test_a_single_column_is_a_table() -> None:
    assert read_delimited("n\n120\n130\n", "").tables[0].header == ("n",)


def test_a_suppressed_first_row_is_no_header() -> None:
    assert read_delimited("sex,n\nF,*\nM,120\n", "").tables[0].rows[0] == ("F", "*")
    assert read_delimited("sex,n\nF,\nM,120\n", "").tables[0].rows[0] == ("F", "")


@pytest.mark.parametrize(
    ("first", "is_header"),
    [("g,2019,2020", True), ("g,0,1", True), ("g,7,9", False), ("2020,1", False), ("g,1,2,3", True)],
)
def test_numbers_in_a_first_row(first: str, is_header: bool) -> None:
    width = first.count(",")
    table = read_delimited(first + "\n" + "x" + ",120" * width + "\n" + "y" + ",130" * width + "\n", "").tables[0]
    assert (table.total_rows == 2) is is_header


# --- text tables ----------------------------------------------------------------------------------------------------
def headers(text: str) -> list[tuple[str, ...]]:
    return [table.header for table in read_text_tables(text, "")[0]]


def test_tables_in_text() -> None:
    assert headers("| sex | n |\n|---|---|\n| F | 7 |\n") == [("sex", "n")]
    assert headers("a|n\n-|-\nx|3\n\nprose with no table\n") == [("a", "n")]
    assert headers("sex & n \\\\\n\\hline\nF & 7 \\\\\n") == [("sex", "n")]
    assert headers("   sex    n\n0    F  120\n1    M    7\n") == [("", "sex", "n")]
    assert headers("region       n\nNorth East  120\nSouth West  7\n") == [("region", "n")]
    assert headers("      n  mean\nsex\nF   120   5.0\nM     3   4.0\n") == [("sex", "n", "mean")]
    assert headers("sex\nF    120\nM      3\nName: count, dtype: int64\n") == [("sex", "count")]
    assert headers("F    120\nM      3\ndtype: int64\n") == [("", "value")]
    assert headers("dtype: int64\n") == []
    assert headers("just prose\nand more of it\n") == []
    assert headers("word\nword\n") == []


def test_columns_that_end_together_are_read_by_position() -> None:
    text = " time n.risk lower 95% CI\n    1     30       0.9871\n   11      7       0.9656\n"
    assert headers(text) == [("time", "n.risk", "lower 95% CI")]


def test_ragged_frames_keep_their_numbers() -> None:
    text = "n  mean\nNorth East  120  5.0\nSouth West  7  4.0\n  8  3.0\n"
    tables = read_text_tables(text, "")[0]
    assert any("8" in row for table in tables for row in table.rows)


def test_rows_of_data_are_not_taken_for_a_header() -> None:
    assert headers("n  mean\n10  5.0\n  120  5.0\n    7  4.0\n") == [("n", "mean")]


def test_several_tables_in_text_are_numbered() -> None:
    text = "| a | n |\n|---|---|\n| x | 7 |\n\nwords here\n\n| b | n |\n|---|---|\n| y | 8 |\n"
    assert [table.where for table in read_text_tables(text, "")[0]] == ["table 1", "table 2"]
    assert [table.where for table in read_text_tables(text, "cell 1")[0]] == ["cell 1, table 1", "cell 1, table 2"]


def test_plain_text_may_be_delimited() -> None:
    assert read_plain_text("sex,n\nF,120\nM,7\n", "").tables[0].header == ("sex", "n")
    assert Seen.LONG_LINES in kinds(read_plain_text("x " * 5_000, ""))


# --- markup ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<script>x</script>", Seen.SCRIPT),
        ("<!-- <script> -->", Seen.SCRIPT),
        ("<img src=x onerror=a()>", Seen.EVENT_HANDLER),
        ("<a href='javascript:x'>x</a>", Seen.SCRIPT_ADDRESS),
        ("<a href='java&#10;script:x'>x</a>", Seen.SCRIPT_ADDRESS),
        ("<form action='/x'>", Seen.ACTIVE_ELEMENT),
        ("<meta http-equiv=Refresh content='0;url=/'>", Seen.ACTIVE_ELEMENT),
        ("<svg><set attributeName=href to='#a'/></svg>", Seen.ACTIVE_ELEMENT),
        ("<p style='width:expression(1)'>", Seen.ACTIVE_ELEMENT),
        ("<p style='background:url(http://x/)'>", Seen.EXTERNAL_REFERENCE),
        ("<style>\\75rl('//x'); @import 'a';</style>", Seen.EXTERNAL_REFERENCE),
        ("<link rel=stylesheet href=https://x/a.css>", Seen.EXTERNAL_REFERENCE),
        ("<img src='https://x/a.png'>", Seen.EXTERNAL_IMAGE),
        ("<img srcset='a.png 1x, https://x/b.png 2x'>", Seen.EXTERNAL_IMAGE),
        ("<a href='data:application/zip;base64,AAAA'>x</a>", Seen.EMBEDDED_FILE),
        ("<a href='data:'>x</a>", Seen.EMBEDDED_FILE),
        ("<img src='data:image/png;base64,A'>", Seen.DAMAGED),
    ],
)
def test_what_acts_in_html_is_seen(html: str, kind: Seen) -> None:
    assert kind in kinds(read_html(html, ""))


def test_what_does_not_act_is_not_seen() -> None:
    html = "<style>td{background:url(#a);color:red}</style><p id=x class='a b'><a href='https://x/'>x</a>"
    html += "<img src=a.png></p>"
    assert not read_html(html, "").sightings


def test_embedded_pictures_become_parts() -> None:
    html = (
        "<img src='data:image/jpg;base64,AAAA'><img src='data:image/svg+xml,%3Csvg/%3E'>"
        "<p style='background:url(data:image/png;base64,AAAA)'>"
    )
    assert [(part.media_type, part.content) for part in read_html(html, "").parts] == [
        ("image/jpeg", b"\0\0\0"),
        ("image/svg+xml", b"<svg/>"),
        ("image/png", b"\0\0\0"),
    ]


def test_nested_tables_are_read_one_by_one() -> None:
    html = "<table><tr><td>a<table><tr><th colspan=2>n</th></tr><tr><td>7</td><td>8</td></tr></table></td></tr></table>"
    tables = read_html(html, "cell 1").tables
    assert tables[-1].header == ("n", "n")
    assert tables[-1].where == "cell 1, table 2"


def test_type_rows_of_polars_are_left_out() -> None:
    html = (
        "<table><tr><th>sex</th><th>n</th></tr><tr><td>str</td><td>i64</td></tr><tr><td>F</td><td>7</td></tr></table>"
    )
    assert read_html(html, "").tables[0].rows == (("F", "7"),)


def test_markdown_is_read_as_its_html_would_be() -> None:
    pieces = read_markdown("![x](https://a/b.png)\n\n<b onclick='x'>y</b>\n", "")
    assert kinds(pieces) == {Seen.EXTERNAL_IMAGE, Seen.EVENT_HANDLER}
    assert read_markdown("```\n<script>\n```\n", "").sightings == ()
    assert len(read_markdown("![x](data:image/png;base64,AAAA)", "").parts) == 1
    assert read_markdown("<table><tr><th>n</th></tr><tr><td>7</td></tr></table>", "").tables


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<script/>", Seen.SCRIPT),
        ("<rect onload='x'/>", Seen.EVENT_HANDLER),
        ("<foreignObject/>", Seen.ACTIVE_ELEMENT),
        ("<style>@import url(x);</style>", Seen.EXTERNAL_REFERENCE),
        ("<use href='https://x/#a'/>", Seen.EXTERNAL_REFERENCE),
        ("<image href='data:application/zip;base64,AAAA'/>", Seen.EMBEDDED_FILE),
        ("<circle r='1'/>", Seen.MANY_MARKS),
        ("<g>", Seen.DAMAGED),
        ("<!-- <iframe -->", Seen.SCRIPT),
    ],
)
def test_what_acts_in_svg_is_seen(body: str, kind: Seen) -> None:
    assert kind in kinds(read_svg(f"<svg xmlns='http://www.w3.org/2000/svg'>{body}</svg>", ""))


def test_other_dangers_of_xml() -> None:
    assert kinds(read_svg("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "")) == {Seen.ENTITY}
    assert Seen.EXTERNAL_REFERENCE in kinds(read_svg("<?xml-stylesheet href='a.css'?><svg/>", ""))


def test_a_picture_in_a_picture_is_a_part() -> None:
    body = "<image href='data:image/png;base64,AAAA'/><text>a<tspan>b</tspan></text>"
    pieces = read_svg(f"<svg xmlns='http://www.w3.org/2000/svg'>{body}</svg>", "")
    assert pieces.parts[0].content == b"\0\0\0"
    assert pieces.passages[0].text == "ab"


# --- json and notebooks ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "header", "rows"),
    [
        ([{"a": 1, "b": 2}, {"a": 3}], ("a", "b"), (("1", "2"), ("3", ""))),
        ({"a": 1, "b": None}, ("a", "b"), (("1", ""),)),
        ({"a": [1, 2], "b": [3, 4]}, ("a", "b"), (("1", "3"), ("2", "4"))),
        ({"a": {"0": 1}, "b": {"0": 3}}, ("a", "b"), (("1", "3"),)),
        ({"columns": ["a"], "data": [[1], 5]}, ("a",), (("1",),)),
        ([["a", "b"], [1, 2]], ("a", "b"), (("1", "2"),)),
        ([[1, 2], [3, 4]], ("", ""), (("1", "2"), ("3", "4"))),
        ([1, 2, 3], ("",), (("1",), ("2",), ("3",))),
        ([{"a": {"x": 1}}], ("a",), (("",),)),
    ],
)
def test_json_of_many_shapes_becomes_tables(
    value: object, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> None:
    table = read_json(json.dumps(value), "").tables[0]
    assert (table.header, table.rows) == (header, rows)


@pytest.mark.parametrize("value", [[], {}, "x", [[]], [[{}]], [1], {"a": []}])
def test_json_without_tables(value: object) -> None:
    assert read_json(json.dumps(value), "").tables == ()


def test_nested_json_is_followed_with_its_path() -> None:
    value = {"result": {"groups": [[{"n": 7}], {"deep": {"n": 8}}]}}
    places = {table.where for table in read_json(json.dumps(value), "").tables}
    assert {"result.groups[0]", "result.groups[1].deep"} <= places


@pytest.mark.parametrize("text", ["{", '{"a": ' + "9" * 5000 + "}"])
def test_broken_json_is_seen(text: str) -> None:
    assert kinds(read_json(text, "")) == {Seen.DAMAGED}


def test_deep_and_scattered_json_is_seen() -> None:
    assert kinds(read_json("[" * 100_000 + "]" * 100_000, "")) == {Seen.TOO_DEEP}
    deep = '{"a":' * (DEEPEST + 5) + "1" + "}" * (DEEPEST + 5)
    assert kinds(read_json(deep, "")) == {Seen.TOO_DEEP}
    assert kinds(read_json(json.dumps({f"k{i}": {"a": 1} for i in range(MOST_TABLES + 5)}), "")) == {
        Seen.TOO_MANY_PARTS
    }


def notebook(*cells: object, **more: object) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more})


def test_every_part_of_a_notebook_is_read() -> None:
    output = {
        "output_type": "display_data",
        "data": {"text/plain": ["a\n", "b"], "application/json": {"n": 7}},
        "metadata": {},
    }
    cell = {"cell_type": "code", "source": ["x = 1\n"], "metadata": {}, "outputs": [output]}
    pieces = read_notebook(notebook(cell, {"cell_type": "raw", "source": "raw"}), "")
    assert [(part.where, part.media_type) for part in pieces.parts] == [
        ("cell 1", "text/x-python"),
        ("cell 1, output 1", "text/plain"),
        ("cell 1, output 1", "application/json"),
        ("cell 2", "text/plain"),
    ]
    assert [part.content for part in pieces.parts[1:3]] == [b"a\nb", b'{"n": 7}']


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ({"outputs": [{"data": {"application/vnd.jupyter.widget-view+json": {}}}]}, Seen.WIDGET_STATE),
        ({"outputs": [{"data": {"application/javascript": "x"}}]}, Seen.UNKNOWN_OUTPUT),
        ({"outputs": [{"data": {"image/png": "A"}}]}, Seen.DAMAGED),
        ({"outputs": [{"surprise": 1}]}, Seen.UNKNOWN_OUTPUT),
        ({"attachments": {"a": {"image/gif": "AAAA"}}}, Seen.UNKNOWN_OUTPUT),
        ({"metadata": {"x": "y " * 3000}}, Seen.LARGE_METADATA),
        ({"metadata": {"widgets": 1}}, Seen.WIDGET_STATE),
    ],
)
def test_what_may_hide_in_a_notebook_is_seen(cell: dict[str, object], kind: Seen) -> None:
    assert kind in kinds(read_notebook(notebook(cell), ""))


def test_old_and_odd_notebooks_are_read() -> None:
    old = {
        "nbformat": 3,
        "worksheets": [{"cells": [{"cell_type": "code", "input": "x", "outputs": [{"text": "a  b\n"}]}]}],
    }
    assert [part.content for part in read_notebook(json.dumps(old), "").parts] == [b"x", b"a  b\n"]
    assert read_notebook("[]", "").parts == ()
    assert read_notebook(notebook(5, {"source": {"a": 1}}), "").parts[1].content == b'{"a": 1}'


# --- pictures and pdf -----------------------------------------------------------------------------------------------
def picture(form: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (4, 3)).save(out, format=form, **options)
    return out.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunk(name: bytes, content: bytes) -> bytes:
    png = picture()
    return png[:33] + chunk(name, content) + png[33:]


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (picture(), set()),
        (with_chunk(b"tEXt", b"Software\x00Matplotlib version3.11.2, https://matplotlib.org/"), set()),
        (with_chunk(b"tEXt", b"Comment\x00x"), {Seen.TEXT_CHUNK}),
        (with_chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"x")), {Seen.TEXT_CHUNK}),
        (with_chunk(b"iTXt", b"Comment\x00\x00\x00en\x00k\x00x"), {Seen.TEXT_CHUNK}),
        (with_chunk(b"iTXt", b"Comment\x00\x01\x00en\x00k\x00" + zlib.compress(b"x")), {Seen.TEXT_CHUNK}),
        (with_chunk(b"zTXt", b"Comment\x00\x00bad"), {Seen.DAMAGED}),
        (with_chunk(b"eXIf", b"MM\x00*"), {Seen.CAMERA_DATA}),
        (with_chunk(b"vpAg", b"x"), {Seen.PRIVATE_CHUNK}),
        (picture() + b"more", {Seen.TRAILING_BYTES}),
        (picture()[:-20], {Seen.DAMAGED}),
        (b"\x89PNG\r\n\x1a\n", {Seen.DAMAGED}),
    ],
)
def test_png_is_read_to_its_last_byte(content: bytes, seen: set[Seen]) -> None:
    assert kinds(read_picture(content, types.PNG, "")) == seen


def test_moving_pictures_are_seen() -> None:
    frames = picture(save_all=True, append_images=[Image.new("RGB", (4, 3), "red")])
    assert Seen.EXTRA_FRAMES in kinds(read_picture(frames, types.PNG, ""))


def test_a_bomb_is_not_drawn() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )
    assert Seen.DAMAGED in kinds(read_picture(bomb, types.PNG, ""))
    large = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8_000, 8_000, 8, 2, 0, 0, 0))
        + chunk(b"IEND", b"")
    )
    assert Seen.DAMAGED in kinds(read_picture(large, types.PNG, ""))


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (picture("JPEG"), set()),
        (picture("JPEG", icc_profile=b"x" * 10), set()),
        (picture("JPEG", comment=b"hello"), {Seen.TEXT_CHUNK}),
        (picture("JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"), {Seen.CAMERA_DATA}),
        (picture("JPEG", progressive=True), set()),
        (picture("JPEG", restart_marker_blocks=1), set()),
        (picture("JPEG") + b"MZ", {Seen.TRAILING_BYTES}),
        (picture("JPEG")[:2] + b"\xff" + picture("JPEG")[2:], set()),
        (picture("JPEG")[:-30], {Seen.DAMAGED}),
        (b"\xff\xd8\xff\xe0\x00\x01", {Seen.DAMAGED}),
        (b"\xff\xd8\xff\xd0\xffA", {Seen.DAMAGED}),
        (b"\xff\xd8AA", {Seen.DAMAGED}),
    ],
)
def test_jpeg_is_read_to_its_last_byte(content: bytes, seen: set[Seen]) -> None:
    assert kinds(read_picture(content, types.JPEG, "")) == seen


def pdf(body: bytes, tail: bytes = b"%%EOF\n") -> bytes:
    return b"%PDF-1.4\n" + body + tail


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (pdf(b""), set()),
        (pdf(b"<</OpenAction 1 0 R>>"), {Seen.PDF_ACTION}),
        (pdf(b"<</S/J#61vaScript>>"), {Seen.SCRIPT}),
        (pdf(b"<</JS(x)>>"), {Seen.SCRIPT}),
        (pdf(b"stream\n/JS not compressed endstream"), set()),
        (pdf(b"stream\n" + zlib.compress(b"<</Launch 1>>") + b"endstream"), {Seen.PDF_ACTION}),
        (pdf(b"<</EmbeddedFiles 1>>"), {Seen.EMBEDDED_FILE}),
        (pdf(b"<</Encrypt 1>>"), {Seen.ENCRYPTED}),
        (pdf(b"<</OCProperties 1>>"), {Seen.UNDRAWN_TEXT}),
        (pdf(b"", b"%%EOF\nPK more"), {Seen.TRAILING_BYTES}),
        (pdf(b"", b""), {Seen.DAMAGED}),
    ],
)
def test_dangers_of_pdf_are_seen(content: bytes, seen: set[Seen]) -> None:
    assert kinds(read_pdf(content, "")) - {Seen.DAMAGED} == (seen | {Seen.UNREAD_TEXT}) - {Seen.DAMAGED}
    assert Seen.DAMAGED in kinds(read_pdf(content, ""))  # they have no pages


def test_plain_strings_of_a_pdf_are_read() -> None:
    text = b"BT [(943) -20 (476)] TJ <35 39313> Tj ET BT ET"
    assert read_pdf(pdf(b"stream\n" + zlib.compress(text) + b"endstream"), "").passages[0].text == "94347659" + "1"


def test_inflating_stops_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress.inspection.pdf_pages.MOST_INFLATED", 10)
    stream = b"stream\n" + zlib.compress(b"x" * 100) + b"endstream\n"
    assert kinds(read_pdf(pdf(stream + stream), "")) == {Seen.UNREAD_TEXT, Seen.DAMAGED}


# --- the whole ------------------------------------------------------------------------------------------------------
def test_a_part_that_is_not_what_it_claims_is_seen() -> None:
    cell = {"outputs": [{"data": {"image/png": "AAAA"}}]}
    document = read_document(notebook(cell).encode(), "t.ipynb")
    assert Seen.SECOND_FORMAT in {s.kind for part in document.walk() for s in part.sightings}


def test_parts_within_parts_end_somewhere() -> None:
    import base64

    svg = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    for _ in range(6):
        inner = base64.b64encode(svg.encode()).decode()
        svg = f"<svg xmlns='http://www.w3.org/2000/svg'><image href='data:image/svg+xml;base64,{inner}'/></svg>"
    document = read_document(svg.encode(), "t.svg")
    assert Seen.TOO_DEEP in {s.kind for part in document.walk() for s in part.sightings}


def test_a_part_in_no_encoding_is_seen() -> None:
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><image href='data:image/svg+xml;base64,AAAA'/></svg>"
    document = read_document(svg.encode(), "t.svg")
    assert Seen.UNDECODABLE in {s.kind for s in document.parts[0].sightings}


def test_reading_as_a_known_type() -> None:
    assert read_as(b"a\tb\n1\t2\n", types.TSV).tables[0].header == ("a", "b")
    assert read_as(b"a,b\n1,2\n", types.TSV).tables[0].header == ("a", "b")


@pytest.mark.parametrize(
    "cell",
    [
        5,
        {"outputs": {}},
        {"outputs": [5]},
        {"outputs": [{"data": []}]},
        {"attachments": 1},
        {"attachments": {"a": "b"}},
    ],
)
def test_a_notebook_out_of_shape_is_seen(cell: object) -> None:
    assert Seen.UNKNOWN_OUTPUT in kinds(read_notebook(notebook(cell), ""))


def test_unknown_keys_of_a_notebook_are_searched() -> None:
    pieces = read_notebook(notebook({"cell_type": "code", "extra": "in the cell"}, more="beside the cells"), "")
    words = " ".join(passage.text for passage in pieces.passages)
    assert "in the cell" in words
    assert "beside the cells" in words


# --- odd corners ----------------------------------------------------------------------------------------------------
def test_half_a_utf_16_file_is_no_text() -> None:
    assert decode("région,n\n".encode("utf-16-le") * 20 + b"a").text is None
    assert decode(b"ab").text == "ab"


def test_a_first_row_with_a_date_is_data() -> None:
    assert read_delimited("2020-01-02,1.5\n2020-02-02,2.5\n", "").tables[0].header == ("", "")


def test_unknown_bytes_are_described_as_well_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    import puremagic

    def none(_: bytes) -> list[object]:
        raise puremagic.PureError

    assert "binary data" in detect(b"\x01\x02\x03\x04" * 9, "t.csv").described
    assert "NUL" in detect(b"a,b\n\x00,1\n", "t.csv").described
    monkeypatch.setattr(puremagic, "magic_string", none)
    assert detect(b"\xff\xfea", "t.csv").described == "binary data of an unknown type"


def test_a_jpeg_cut_inside_its_scan_is_seen() -> None:
    scan = b"\xff\xd8\xff\xda\x00\x02" + b"\x11" * 20
    assert Seen.DAMAGED in kinds(read_picture(scan, types.JPEG, ""))
    assert Seen.DAMAGED in kinds(read_picture(scan + b"\xff", types.JPEG, ""))


def test_html_that_the_parser_rejects_is_seen() -> None:
    pieces = read_html("<p>x</p><![%x;[", "")
    assert kinds(pieces) == {Seen.DAMAGED}
    assert pieces.passages

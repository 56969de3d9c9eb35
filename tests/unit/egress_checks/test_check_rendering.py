"""The page a checker looks at: everything shown, nothing alive."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from egress.inspection import media_types as types
from egress.inspection.cleaning import Pictures, clean_html
from egress.inspection.showing import show
from egress.rendering import NOT_SHOWN, render_for_checker

ALIVE = re.compile(
    r"<script|<iframe|<object|<embed|<form|<svg|\son\w+=|javascript:|(?:src|href)=\"(?!data:image/)", re.IGNORECASE
)


def png(**text: str) -> bytes:
    notes = PngImagePlugin.PngInfo()
    for name, value in text.items():
        notes.add_text(name, value)
    out = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(out, format="PNG", pnginfo=notes)
    return out.getvalue()


def shown(content: str | bytes, media_type: str) -> str:
    data = content.encode() if isinstance(content, str) else content
    return show(data, media_type, 10, 5)


@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        ("sex,n\n<b>F</b>,120\n", types.CSV, "&lt;b&gt;F&lt;/b&gt;"),
        ("a\tb\n1\t2\n", types.TSV, '<th scope="col">b</th>'),
        ("<script>x</script>", types.PLAIN, "&lt;script&gt;"),
        ('{"a": "<b>"}', types.JSON, "&lt;b&gt;"),
        ("# Title\n\n<script>x</script><b onclick=x>y</b>", types.MARKDOWN, "<h1>Title</h1>"),
        ("<h1>Title</h1><script>bad()</script><p onclick=x>y</p><form>z</form>", types.HTML, "<h1>Title</h1>"),
        ("<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", types.SVG, "data:image/svg+xml;base64,"),
        (b"%PDF-1.4 BT (hello <b>) ET %%EOF", types.PDF, "hello &lt;b&gt;"),
        (png(), types.PNG, "data:image/png;base64,"),
        (b"\x89PNG broken", types.PNG, "cannot be drawn"),
        ("anything", "application/zip", "not shown"),
    ],
)
def test_every_type_is_shown_and_none_is_alive(content: str | bytes, media_type: str, words: str) -> None:
    html = shown(content, media_type)
    assert words in html
    assert not ALIVE.search(re.sub(r"<pre>.*?</pre>", "", html, flags=re.DOTALL))
    assert "default-src 'none'" in html


def test_small_and_unrounded_counts_are_marked() -> None:
    html = shown("sex,n\nF,121\nM,7\nX,120\n", types.CSV)
    assert '<mark class="small" title="small count">7</mark>' in html
    assert '<mark class="unrounded" title="unrounded count">121</mark>' in html
    assert "<td>120</td>" in html


def test_long_tables_and_texts_are_cut_and_say_so() -> None:
    assert "500 more rows are not shown" in shown("a,b\n" + "1.5,2.5\n" * 1500, types.CSV)
    assert "the rest is not shown" in shown("x " * 300_000, types.PLAIN)


def test_titles_of_a_table_are_shown() -> None:
    assert '<p class="text">Table &lt;1&gt;</p>' in shown("Table <1>\n\nsex,n\nF,120\n", types.CSV)


def test_pictures_lose_what_was_beside_them() -> None:
    html = shown(png(Comment="a secret"), types.PNG)
    data = base64.b64decode(html.split("base64,")[1].split('"')[0])
    assert b"secret" not in data
    assert Image.open(io.BytesIO(data)).size == (4, 3)


@pytest.mark.parametrize(
    "address",
    [
        "https://x/a.png",
        "data:image/png;base64,A",
        "data:image/png;base64,AAAA",
        "data:text/html;base64,AAAA",
        "picture-9",
        "",
        "data:image/png,abc",
        "javascript:x",
    ],
)
def test_only_own_pictures_are_put_into_a_page(address: str) -> None:
    pictures = Pictures()
    html = pictures.put_in(clean_html(f"<img src='{address}' onerror=x alt=y>", pictures))
    assert html in {"<img>", '<img src="">'}


def test_a_page_holds_only_so_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress.inspection.cleaning.MOST_PICTURES", 1)
    pictures = Pictures()
    assert [pictures.add(png(), types.PNG), pictures.add(png(), types.PNG)] == ["picture-0", ""]


def test_spans_and_classes_stay_and_styles_go() -> None:
    html = clean_html("<table><tr><td colspan=2 style='x' class=a>1</td></tr></table><p scope=x>y</p>", Pictures())
    assert html == '<table><tbody><tr><td class="a" colspan="2">1</td></tr></tbody></table><p>y</p>'


def notebook(*cells: dict[str, object]) -> str:
    base = {"metadata": {"tags": ["remove_cell"], "transient": {"remove_source": True}}, "source": ""}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [base | cell for cell in cells]})


def output(**data: object) -> dict[str, object]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {name.replace("_", "/"): v for name, v in data.items()},
    }


@pytest.mark.slow
def test_a_notebook_hides_nothing_from_a_checker() -> None:
    picture = base64.b64encode(png()).decode()
    svg = ["<svg xmlns='http://www.w3.org/2000/svg'>", "<script>bad()</script></svg>"]
    outputs = [
        output(text_html="<b>shown</b><script>bad()</script>", text_plain="other form"),
        output(image_png=picture, text_plain="<Figure>"),
        output(image_png="A", text_plain="broken"),
        {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": svg}},
        {"output_type": "display_data", "metadata": {}, "data": {"application/x": 1}},
        {"output_type": "stream", "name": "stdout", "text": "printed <i>"},
    ]
    text = notebook(
        {"cell_type": "code", "source": "code_here()", "execution_count": 1, "outputs": outputs},
        {"cell_type": "markdown", "source": "![x](attachment:a.png)", "attachments": {"a.png": {"image/png": picture}}},
        {"cell_type": "markdown", "source": "![x](attachment:none)", "attachments": {"b.png": {"image/png": picture}}},
        {"cell_type": "raw", "source": "raw <b>text"},
    )
    html = shown(text, types.NOTEBOOK)
    for words in (
        "<b>shown</b>",
        "other form",
        "code_here",
        "<details><summary>Code",
        "raw &lt;b&gt;text",
        "printed &lt;i&gt;",
    ):
        assert words in html
    assert "an output of type application/x is not shown" in html
    assert html.count("data:image/png") == 3
    assert html.count("data:image/svg+xml") == 1
    assert not ALIVE.search(re.sub(r"<pre>.*?</pre>", "", html, flags=re.DOTALL))


@pytest.mark.slow
def test_pages_come_from_a_locked_child(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("sex,n\nF,7\n")
    assert '<mark class="small"' in render_for_checker(file, types.CSV)
    file.write_text(notebook({"cell_type": "markdown", "source": "# Title"}))
    assert "<h1>Title" in render_for_checker(file, types.NOTEBOOK)
    file.write_text("{")
    assert render_for_checker(file, types.NOTEBOOK) == NOT_SHOWN


def test_what_cannot_be_opened_gives_the_constant_page(tmp_path: Path) -> None:
    assert render_for_checker(tmp_path, types.CSV) == NOT_SHOWN


@pytest.mark.parametrize("answer", [None, b"{", b'{"gave_up": "x"}', b'{"html": 5}'])
def test_a_child_without_a_page_gives_the_constant_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None
) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    monkeypatch.setattr("egress.inspection.child_process.ChildProcess.ask", lambda *_: answer)
    assert render_for_checker(file, types.PLAIN) == NOT_SHOWN

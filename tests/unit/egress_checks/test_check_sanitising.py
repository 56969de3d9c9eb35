"""Sanitising takes off what nobody sees, keeps what is seen, and gives the same bytes each time."""

from __future__ import annotations

import base64
import io
import json
import zlib

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pytest
from PIL import Image, PngImagePlugin

from egress.inspection import bare_pdf, sanitising
from egress.inspection import media_types as types
from egress.inspection.child_process import ChildProcess
from egress.inspection.sanitising import sanitise
from egress.inspection.stripped import CannotStripError
from egress.inspection.stripping import strip
from governance.refusal import Refusal

SECRET = "Jane Secret"


def png(mode: str = "RGB", **more: object) -> bytes:
    picture = Image.new("RGB", (9, 7), (200, 10, 30)).convert(mode)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET)
    out = io.BytesIO()
    picture.save(out, format="PNG", pnginfo=texts, **more)
    return out.getvalue()


def jpeg(orientation: int = 6, mode: str = "RGB") -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = orientation, SECRET
    out = io.BytesIO()
    Image.new(mode, (90, 70), 120 if mode == "L" else (10, 20, 30)).save(out, format="JPEG", exif=exif)
    return out.getvalue()


def page() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, format="PDF", title=SECRET)
    return out.getvalue()


def figure(form: str) -> bytes:
    from matplotlib.figure import Figure  # its loading takes as long as most tests here together

    drawn = Figure()
    drawn.subplots().bar(["a", "b"], [120, 135])
    out = io.BytesIO()
    drawn.savefig(out, format=form, metadata={"Creator": SECRET})
    return out.getvalue()


def data_address(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


# --- pictures -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_png_keeps_its_pixels_and_loses_its_texts(mode: str) -> None:
    before = png(mode)
    after = strip(before, types.PNG)
    assert after.removed == ("texts beside the picture",)
    assert SECRET.encode() not in after.content
    first, second = (Image.open(io.BytesIO(content)) for content in (before, after.content))
    assert first.convert("RGBA").tobytes() == second.convert("RGBA").tobytes()
    assert strip(after.content, types.PNG).content == after.content


def test_a_png_keeps_its_transparent_colour() -> None:
    after = strip(png("P", transparency=0), types.PNG)
    assert Image.open(io.BytesIO(after.content)).info["transparency"] == 0


def test_a_jpeg_is_turned_upright_and_loses_its_camera_data() -> None:
    after = strip(jpeg(), types.JPEG)
    assert after.removed == ("camera data",)
    assert SECRET.encode() not in after.content
    assert Image.open(io.BytesIO(after.content)).size == (70, 90)
    assert Image.open(io.BytesIO(strip(jpeg(mode="L"), types.JPEG).content)).mode == "L"


@pytest.mark.parametrize("media_type", [types.PNG, types.JPEG])
def test_bytes_after_the_end_go(media_type: str) -> None:
    content = (png() if media_type == types.PNG else jpeg()) + b"PK\x05\x06" + SECRET.encode()
    after = strip(content, media_type)
    assert "bytes after the end" in after.removed
    assert SECRET.encode() not in after.content


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (png()[:40], types.PNG),
        (png()[:-30], types.PNG),
        (b"\x89PNG\r\n\x1a\n" + png()[8:33] + b"\0\0\0\x01IDATx\0\0\0\0" + png()[-12:], types.PNG),
        (jpeg()[:200], types.JPEG),
        (b"<svg", types.SVG),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", types.SVG),
        (b"\xff\xfe\x00", types.HTML),
        (b'<img src="data:image/png;base64,A">', types.HTML),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='data:image/png;base64,A'/></svg>", types.SVG),
        (b"[1]", types.NOTEBOOK),
        (b"{", types.NOTEBOOK),
        (b"%PDF-1.4\nnothing", types.PDF),
    ],
)
def test_what_is_broken_is_refused(content: bytes, media_type: str) -> None:
    with pytest.raises(CannotStripError):
        strip(content, media_type)


# --- svg, html, notebooks -------------------------------------------------------------------------------------------
def test_an_svg_loses_metadata_comments_and_notes_but_no_mark() -> None:
    content = f"""<?xml version="1.0"?><?note {SECRET}?><svg xmlns="http://www.w3.org/2000/svg"
      xmlns:ink="http://inkscape.org" xmlns:xlink="http://www.w3.org/1999/xlink" ink:path="/home/{SECRET}"
      data-author="{SECRET}"><metadata>{SECRET}</metadata>kept<!-- {SECRET} --><g><circle r="1"/><ink:note>{SECRET}
      </ink:note>tail</g><image xlink:href="{data_address(png())}"/><image href="#x"/>
      <image href="{data_address(strip(png(), types.PNG).content)}"/></svg>"""
    after = strip(content.encode(), types.SVG)
    assert SECRET.encode() not in after.content
    assert base64.b64encode(SECRET.encode()) not in after.content
    assert {"metadata", "comments", "notes of the drawing program", "data attributes"} <= set(after.removed)
    assert b"kept" in after.content and b"tail" in after.content and b"circle" in after.content
    assert strip(after.content, types.SVG) == type(after)(after.content)


@pytest.mark.slow
def test_a_figure_of_matplotlib_still_draws_the_same() -> None:
    content = figure("svg")
    after = strip(content, types.SVG).content
    assert SECRET.encode() in content and SECRET.encode() not in after
    assert content.count(b"<path") == after.count(b"<path") and content.count(b"<use") == after.count(b"<use")


def test_a_page_loses_comments_and_head_matter_but_no_word() -> None:
    content = f"""<!doctype html><html><head><meta charset="latin-1"><meta name="author" content="{SECRET}">
      <meta name="viewport" content="width=1"></head><body data-who="{SECRET}"><!-- {SECRET} -->
      <img src="{data_address(png())}"><img src="{data_address(png(), "image/gif")}"><img src="{
        data_address(strip(png(), types.PNG).content)
    }"><p>5 &lt; 10 – é</p></body></html>"""
    after = strip(content.encode(), types.HTML)
    assert SECRET.encode() not in after.content.replace(base64.b64encode(png()), b"")
    assert set(after.removed) == {"comments", "head matter", "data attributes", "texts beside the picture"}
    assert "<p>5 &lt; 10 – é</p>" in after.content.decode() and b'charset="utf-8"' in after.content
    assert strip(after.content, types.HTML) == type(after)(after.content)


def test_a_notebook_loses_metadata_but_no_cell() -> None:
    picture, page = base64.b64encode(png()).decode(), f"<p>120</p><!-- {SECRET} -->"
    bare = base64.b64encode(strip(png(), types.PNG).content).decode()
    output = {"output_type": "display_data", "metadata": {"by": SECRET}}
    output |= {"data": {"image/png": [picture], "text/html": page, "text/plain": "120"}}
    cell = {"cell_type": "code", "metadata": {"by": SECRET}, "source": "1", "outputs": [output, {"data": {}}]}
    more = {"cell_type": "markdown", "metadata": {}, "source": "x", "attachments": {"a": {"image/png": bare}}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "cells": [cell, more]}
    notebook["metadata"] = {"authors": [SECRET], "language_info": {"name": "python", "version": "3"}}
    after = strip(json.dumps(notebook).encode(), types.NOTEBOOK)
    assert SECRET not in after.content.decode()
    assert {"notebook metadata", "metadata of cells", "metadata of outputs", "comments"} <= set(after.removed)
    told = json.loads(after.content)
    assert told["metadata"] == {"language_info": {"name": "python"}}
    assert told["cells"][0]["outputs"][0]["data"]["text/html"] == "<p>120</p>"
    assert strip(after.content, types.NOTEBOOK) == type(after)(after.content)
    old = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "metadata": {"a": 1}}]}]}
    assert strip(json.dumps(old).encode(), types.NOTEBOOK).removed == ("metadata of cells",)


# --- pdf ------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_pdf_keeps_its_pages_and_nothing_else() -> None:
    content = figure("pdf")
    after = strip(content, types.PDF)
    assert SECRET.encode() in content and SECRET.encode() not in after.content
    assert len(pypdfium2.PdfDocument(after.content)) == 1
    again = strip(after.content, types.PDF)
    assert (again.content, again.removed) == (after.content, ())


def test_copies_of_a_pdf_differ_in_nothing_that_chance_wrote() -> None:
    def copy(time: bytes, identifier: bytes) -> bytes:
        return b"/CreationDate(D:" + time + b"Z)/ID[<" + identifier + b"><" + identifier + b">]"

    copies = [copy(b"20261122171500", b"AB" * 16), copy(b"19990101000000", b"09" * 16)]
    assert len({bare_pdf._without_chance(one) for one in copies}) == 1


def test_a_pdf_of_too_many_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare_pdf, "MOST_PAGES", 0)
    with pytest.raises(CannotStripError):
        strip(page(), types.PDF)


# --- the door -------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(
    ("media_type", "content"), [(types.PNG, png()), (types.CSV, b"sex,n\nF,120\n"), (types.PDF, page())]
)
def test_the_door_answers_as_the_child_does(media_type: str, content: bytes) -> None:
    done, expected = sanitise(content, media_type), strip(content, media_type)
    assert (done.content, done.removed) == (expected.content, expected.removed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"x", "application/zip"),
        (b"x", types.PNG),
        (b"", types.CSV),
        (b"\x89PNG\r\n\x1a\n" + zlib.compress(bytes(10**6)), types.PNG),
    ],
)
def test_the_door_refuses_what_cannot_be_stripped(content: bytes, media_type: str) -> None:
    with pytest.raises(Refusal) as refused:
        sanitise(content, media_type)
    assert refused.value.code == "cannot-be-sanitised"


@pytest.mark.parametrize("answer", [None, b"", b"[]", b'{"content": "%%", "removed": []}', b'{"content": "QQ=="}'])
def test_an_answer_out_of_shape_is_a_refusal(monkeypatch: pytest.MonkeyPatch, answer: bytes | None) -> None:
    class StandIn(ChildProcess):
        def ask(self, question: bytes, longest: int) -> bytes | None:
            return answer

    monkeypatch.setattr(sanitising, "ChildProcess", StandIn)
    with pytest.raises(Refusal):
        sanitise(b"x", types.CSV)

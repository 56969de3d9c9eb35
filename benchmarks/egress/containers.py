"""Files by their kind: archives, pickles, programs, polyglots, active content, pictures, pages with hidden parts."""

from __future__ import annotations

import base64
import gzip
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Mapping
from random import Random

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from benchmarks.egress.labelled import Labelled, leaky, look, safe
from benchmarks.egress.safe_texts import notebook_of

ROWS = b"nhs_number,age\n9434765919,71\n4010232137,64\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"{more}>{body}</svg>'
BARS = "".join(
    f'<rect x="{20 + 40 * i}" y="{180 - h}" width="30" height="{h}" fill="#1b6e3c"/>'
    for i, h in enumerate((40, 90, 120, 60))
)


def cases(random: Random) -> list[Labelled]:
    """All of this page."""
    return [*_wrapped(), *_polyglots(random), *_active(), *_hidden(random), *_pictures(random)]


def picture(random: Random, kind: str = "PNG", **more: object) -> bytes:
    """A small bar chart."""
    image = Image.new("RGB", (320, 200), "white")
    draw = ImageDraw.Draw(image)
    for bar in range(6):
        draw.rectangle((20 + 45 * bar, 190 - random.randint(20, 160), 50 + 45 * bar, 190), fill=(27, 110, 60))
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip of parts, always the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def _wrapped() -> list[Labelled]:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo("cohort.csv")
        member.size = len(ROWS)
        archive.addfile(member, io.BytesIO(ROWS))
    pickled = pickle.dumps([{"age": 71}, {"age": 64}])
    old = pickle.dumps({"ages": [71, 64]}, protocol=0)
    weights = (
        len(head := json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()).to_bytes(
            8, "little"
        )
        + head
        + bytes(16)
    )
    return [
        leaky("results.zip", "archive", "the file", zipped({"rows.csv": ROWS})), leaky("results.csv.gz", "archive", "the file", gzip.compress(ROWS, mtime=0)),
        leaky("results.tar", "archive", "the file", tar.getvalue()), leaky("zip_as.csv", "archive polyglot", "the file", zipped({"rows.csv": ROWS})),
        leaky("model.pkl", "pickle", "the file", pickled), leaky("model.csv", "pickle polyglot", "the file", pickled),
        leaky("protocol0.txt", "pickle polyglot", "the file", old), leaky("cohort.rds", "r-data", "the file", gzip.compress(b"RDX3\nX\n" + ROWS, mtime=0)),
        leaky("cohort.parquet", "data-file", "the file", b"PAR1" + bytes(range(64)) + b"PAR1"),
        leaky("weights.safetensors", "model", "the file", weights), leaky("weights.json", "model polyglot", "the file", weights),
        leaky("array.npy", "data-file", "the file", b"\x93NUMPY\x01\x00" + bytes(120)), leaky("cohort.duckdb", "data-file", "the file", bytes(8) + b"DUCK" + bytes(200)),
        leaky("register.sqlite", "data-file", "the file", b"SQLite format 3\x00" + bytes(200)), leaky("run.sh", "program", "the file", "#!/bin/sh\ncat /data/*\n"),
        leaky("tool.txt", "program polyglot", "the file", b"\x7fELF\x02\x01\x01" + bytes(100)),
    ]  # fmt: skip


def _polyglots(random: Random) -> list[Labelled]:
    png, jpeg = picture(random), picture(random, "JPEG")
    return [
        leaky("figure_zip.png", "polyglot archive", "behind the picture", png + zipped({"rows.csv": ROWS})),
        leaky("figure_csv.png", "polyglot hidden-data", "behind the picture", png + ROWS),
        leaky("figure_zip.jpg", "polyglot archive", "behind the picture", jpeg + zipped({"rows.csv": ROWS})),
        leaky("gif_as.png", "polyglot", "the file", picture(random, "GIF")), leaky("png_as.jpg", "polyglot", "the file", png),
        leaky("text_as.png", "polyglot", "the file", ROWS), leaky("html_as.csv", "polyglot active-content", "the file", "<html><script>fetch('//x')</script></html>"),
        leaky("base64.txt", "hidden-data", "all", base64.encodebytes(random.randbytes(6000)).decode()),
        leaky("results\u202egpj.csv", "file-name", "the name", "sex,n\nF,1250\nM,1185\n"),
    ]  # fmt: skip


def _active() -> list[Labelled]:
    widget = json.dumps(
        {
            "cells": [],
            "metadata": {
                "widgets": {
                    "application/vnd.jupyter.widget-state+json": {
                        "state": {"a": {"model_name": "IntSliderModel", "state": {"value": 3}}}
                    }
                }
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )
    return [
        leaky("script.html", "active-content", "script", "<html><body><p>Figure 1</p><script>document.title='x'</script></body></html>"),
        leaky("handler.html", "active-content", "img", "<html><body><img src='data:,' onerror='alert(1)'></body></html>"),
        leaky("tracker.html", "active-content", "img", "<html><body><h1>Results</h1><img src='https://example.org/p.gif'></body></html>"),
        leaky("frame.html", "active-content", "iframe", "<html><body><iframe src='https://example.org'></iframe></body></html>"),
        leaky("plotly.html", "active-content hidden-data", "script", "<html><body><div id='p'></div><script>Plotly.newPlot('p',[{x:[71,64,58],y:[1,0,1]}])</script></body></html>"),
        leaky("script.svg", "active-content", "script", SVG.format(more="", body=f"<script>alert(1)</script>{BARS}")),
        leaky("onload.svg", "active-content", "onload", SVG.format(more=' onload="alert(1)"', body=BARS)),
        leaky("foreign.svg", "active-content", "foreignObject", SVG.format(more="", body="<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><iframe src='https://example.org'/></body></foreignObject>")),
        leaky("entity.svg", "active-content", "doctype", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG.format(more="", body="<text>&x;</text>")),
        leaky("script.md", "active-content", "script", "# Results\n\n<script>alert(1)</script>\n"), leaky("widgets.ipynb", "active-content notebook", "metadata", widget),
        leaky("javascript.ipynb", "active-content notebook", "output", notebook_of({"application/javascript": ["alert(1)"]}, "show()")),
    ]  # fmt: skip


def _hidden(random: Random) -> list[Labelled]:
    encoded = base64.b64encode(picture(random) + ROWS).decode()
    attached = {
        "cell_type": "markdown",
        "metadata": {},
        "source": ["![a](attachment:a.csv)"],
        "attachments": {"a.csv": {"text/csv": base64.b64encode(ROWS).decode()}},
    }
    kept = json.dumps(
        {
            "cells": [],
            "metadata": {"cache": [{"nhs_number": "9434765919", "age": 71}]},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )
    info = PngInfo()
    info.add_text("rows", ROWS.decode() * 40, zip=True)
    return [
        leaky("display_none.html", "hidden-data small-count", "second table", "<html><body><p>Rounded.</p><table style='display:none'><tr><th>site</th><th>deaths</th></tr><tr><td>A</td><td>3</td></tr></table></body></html>"),
        leaky("comment.html", "hidden-data nhs-number", "comment", f"<html><body><!-- {ROWS.decode()} --><p>Figure 1</p></body></html>"),
        leaky("metadata.svg", "hidden-data nhs-number", "metadata", SVG.format(more="", body=f"<metadata>{ROWS.decode()}</metadata>{BARS}")),
        leaky("embedded.svg", "hidden-data", "image", SVG.format(more="", body=f'<image href="data:text/csv;base64,{base64.b64encode(ROWS).decode()}"/>{BARS}')),
        leaky("picture.md", "hidden-data polyglot", "picture", f"![f](data:image/png;base64,{encoded})\n"),
        leaky("attachment.ipynb", "hidden-data nhs-number notebook", "attachment", json.dumps({"cells": [attached], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})),
        leaky("metadata.ipynb", "hidden-data nhs-number notebook", "metadata", kept),
        leaky("picture.ipynb", "hidden-data polyglot notebook", "output", notebook_of({"image/png": [encoded]}, "fig")),
        leaky("text_chunk.png", "hidden-data nhs-number", "text chunk", picture(random, "PNG", pnginfo=info)),
        look("linked.md", "outside-picture", "picture", "# Results\n![logo](https://example.org/logo.png)\n"),
        look("formula.csv", "formula", "B2", "site,share\nA,=1/3\nB,=2/3\n"),
    ]  # fmt: skip


def _pictures(random: Random) -> list[Labelled]:
    labels = "".join(f'<text x="{20 + 40 * i}" y="195" font-size="9">{2019 + i}</text>' for i in range(4))

    def points(count: int) -> str:
        at = ((random.random() * 300, random.random() * 200) for _ in range(count))
        return "".join(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1"/>' for x, y in at)

    exif = Image.Exif()
    exif[0x010F] = "Camera of the study office"
    forest = "".join(
        f'<line x1="{100 - i}" y1="{20 + 30 * i}" x2="{180 + i}" y2="{20 + 30 * i}" stroke="black"/><text x="5" y="{24 + 30 * i}">{1 + i / 10:.2f} (0.98-1.47)</text>'
        for i in range(5)
    )
    return [
        *(safe(f"figure_{i}.png", "figure", picture(random)) for i in range(1, 5)), *(safe(f"figure_{i}.jpg", "figure", picture(random, "JPEG", quality=80)) for i in (5, 6)),
        safe("bars.svg", "figure", SVG.format(more="", body=BARS + labels)), safe("forest.svg", "figure confidence-intervals", SVG.format(more="", body=forest)),
        safe("figure.ipynb", "figure notebook", notebook_of({"image/png": [base64.b64encode(picture(random)).decode()], "text/plain": ["<Figure size 640x480 with 1 Axes>"]}, "fig")),
        safe("figure.html", "figure", f"<html><body><h1>Figure 1</h1><img alt='bars' src='data:image/png;base64,{base64.b64encode(picture(random)).decode()}'></body></html>"),
        leaky("scatter.svg", "row-level", "points", SVG.format(more="", body=points(6000))), look("scatter_small.svg", "row-level", "points", SVG.format(more="", body=points(400))),
        leaky("labels.svg", "nhs-number", "text", SVG.format(more="", body=BARS + "<text x='5' y='9'>943 476 5919</text>")),
        look("camera.jpg", "metadata", "Exif", picture(random, "JPEG", exif=exif.tobytes())),
    ]  # fmt: skip

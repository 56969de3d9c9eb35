"""Files made to hurt the checker: each one gets a verdict in time, and the checker serves the next file as before.

Bombs (pixels, inflation, nesting, entities), binary noise under every extension, text that traps regular expressions,
polyglots, and programs dressed as results. Sizes are kept small enough for a quick run; the limits that stop the large
ones (time, memory) are tested in tests/unit/egress_checks/test_check_locked_child.py.
"""

from __future__ import annotations

import io
import json
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from egress.checks import run_checks, run_checks_on_all
from egress.findings import CheckReport, Severity
from egress.inspection.locked_child import SECONDS_A_FILE
from egress.inspection.media_types import ALLOWED
from egress.rendering import render_for_checker
from governance.disclosure import PROFILES

pytestmark = pytest.mark.slow
PROFILE = PROFILES["nhs-sde"]
PNG = b"\x89PNG\r\n\x1a\n"
SVG = "<svg xmlns='http://www.w3.org/2000/svg'>"


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("patients.csv", "nhs_number\n")
    return out.getvalue()


def laughs() -> str:
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a0 "ha">{entities}]>{SVG}<text>&a9;</text></svg>'


BOMBS: dict[str, Callable[[], bytes | str]] = {
    "pixels.png": lambda: (
        PNG + header(60_000, 60_000) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    ),
    "text.png": lambda: (
        PNG + header(1, 1) + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8))) + chunk(b"IEND", b"")
    ),
    "inflate.pdf": lambda: b"%PDF-1.4\nstream\n" + zlib.compress(bytes(2 * 10**8)) + b"endstream\n%%EOF",
    "blocks.pdf": lambda: b"%PDF-1.4\n" + b"BT (" * 300_000 + b"%%EOF",
    "laughs.svg": laughs,
    "outside.svg": lambda: f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{SVG}<text>&x;</text></svg>',
    "nested.svg": lambda: SVG + "<g>" * 50_000 + "</g>" * 50_000 + "</svg>",
    "nested.html": lambda: "<!doctype html>" + "<div>" * 30_000,
    "tables.html": lambda: "<!doctype html>" + "<table><tr><td>" * 400,
    "comments.html": lambda: "<!---->" * 5_000 + "<x>",
    "nested.json": lambda: "[" * 10**6,
    "nested.ipynb": lambda: '{"nbformat":4,"cells":' + "[" * 10**5 + "]" * 10**5 + "}",
    "digits.json": lambda: '{"n":' + "9" * 10**6 + "}",
    "keys.json": lambda: json.dumps({f"k{i}": {"n": i} for i in range(20_000)}),
    "odd.ipynb": lambda: json.dumps(
        {"nbformat": [], "cells": [None, 5, {"outputs": [{"data": []}, 7], "attachments": 1}]}
    ),
    "stars.md": lambda: "*a " * 20_000,
    "quotes.md": lambda: "> " * 5_000 + "x",
    "links.md": lambda: "[" * 5_000,
    "quote.csv": lambda: '"' * 10**6,
    "commas.csv": lambda: "," * 10**6,
    "wide.csv": lambda: ",".join(f"c{i}" for i in range(50_000)) + "\n" + ",".join("1" * 50_000),
    "lines.txt": lambda: "943 476 5919\n" * 50_000,
    "spaces.txt": lambda: "a" + " " * 10**6 + "b",
    "bars.txt": lambda: "| " * 10**5,
    "ats.txt": lambda: "a@" * 10**5,
    "births.txt": lambda: "born " * 10**5,
    "postcodes.txt": lambda: "LS1 " * 10**5,
}
MUST_FAIL = {
    *("pixels.png", "text.png", "laughs.svg", "outside.svg", "nested.json", "nested.ipynb", "digits.json", "keys.json"),
    *("odd.ipynb", "wide.csv", "lines.txt"),
}


def write(folder: Path, name: str, content: bytes | str) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_gets_a_verdict_in_time(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name, BOMBS[name]())
    started = time.monotonic()
    report = run_checks(file, name, PROFILE)
    assert time.monotonic() - started < SECONDS_A_FILE + 10
    assert isinstance(report, CheckReport)
    if name in MUST_FAIL:
        assert report.verdict is Severity.FAIL


def noise() -> Iterator[tuple[str, bytes]]:
    source = random.Random(7)
    starts = {
        ".png": PNG,
        ".jpg": b"\xff\xd8\xff\xe0",
        ".pdf": b"%PDF-1.7\n",
        ".svg": SVG.encode(),
        ".json": b"{",
        ".csv": b"a,b\n",
    }
    for extension in sorted({*ALLOWED, ".zip", ".pkl", ".exe", ""}):
        for size in (1, 100, 20_000):
            yield f"noise{size}{extension}", starts.get(extension, b"") + source.randbytes(size)


def test_noise_under_every_extension_gets_a_verdict_from_one_child(tmp_path: Path) -> None:
    files = [(write(tmp_path, f"{i}", content), name) for i, (name, content) in enumerate(noise())]
    good = write(tmp_path, "good", "sex,n\nF,120\nM,130\n")
    reports = list(run_checks_on_all([*files, (good, "good.csv")], PROFILE))
    assert len(reports) == len(files) + 1
    assert all(report.verdict is Severity.FAIL for report in reports[:-1] if report.size > 1_000)
    assert reports[-1].verdict is Severity.PASS


def test_every_cut_of_a_real_file_gets_a_verdict(tmp_path: Path) -> None:
    corpus = Path(__file__).parents[1] / "fixtures" / "egress" / "safe"
    source = random.Random(11)
    files = []
    for name in (
        "bars.png",
        "bars.jpg",
        "bars.svg",
        "heatmap.svg",
        "notebook.ipynb",
        "frame.html",
        "records.json",
        "table1.csv",
    ):
        whole = (corpus / name).read_bytes()
        for i in range(12):
            torn = bytearray(whole[: source.randrange(1, len(whole))])
            for _ in range(i):
                torn[source.randrange(len(torn))] = source.randrange(256)
            files.append((write(tmp_path, f"{i}-{name}", bytes(torn)), name))
    assert len(list(run_checks_on_all(files, PROFILE))) == len(files)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "figure.png",
            PNG + header(1, 1) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"") + zipped(),
        ),
        ("figure.png", b"MZ" + PNG),
        ("table.csv", zipped()),
        ("table.csv", b"PAR1" + bytes(50) + b"PAR1"),
        ("page.html", b"<!doctype html><p>x</p><!--" + zipped() + b"-->"),
        ("notes.txt", b"cposix\nsystem\n(S'id'\ntR."),
        ("notes.txt", b"#!/usr/bin/env python\n"),
        ("page.pdf", b"\n\n%PDF-1.4\n%%EOF"),
        ("page.pdf", b"%PDF-1.4\n%%EOF\n<html><script>x</script>"),
        ("figure.svg", f"{SVG}<script xlink:href='https://x/'/></svg>".encode()),
        ("figure.svg", f"{SVG}<a href='&#106;avascript:x'><text>x</text></a></svg>".encode()),
        ("figure.svg", f"{SVG}<style>@im\\70ort 'https://x/';</style></svg>".encode()),
        ("page.html", b"<!doctype html><noscript><p title='</noscript><script>x</script>'>"),
        ("page.html", b"<!doctype html><style><!--</style><img src=x onerror=x>-->"),
        ("page.html", "<!doctype html><body ONLOAD=x>".encode("utf-16")),
        ("page.md", b"<details open ontoggle=x>"),
        ("page.md", b"[x](javascript:alert(1))"),
    ],
)
def test_polyglots_and_disguises_fail(tmp_path: Path, name: str, content: bytes) -> None:
    assert run_checks(write(tmp_path, "file", content), name, PROFILE).verdict is Severity.FAIL


def test_no_finding_quotes_what_it_found(tmp_path: Path) -> None:
    secrets = ["9434765919", "LS1 4AP", "12/03/1956", "jane@example.org", "07700 900123"]
    text = "nhs,postcode,dob,contact,phone\n" + ",".join(secrets) + "\n"
    headless = ",".join(secrets) + "\n" + ",".join(secrets) + "\n"
    nested = json.dumps({secrets[0]: {secrets[1]: {secrets[3]: [{"dob": secrets[2]}, {"dob": secrets[2]}]}}})
    for name, content in (("a.csv", text), ("b.csv", headless), ("c.json", nested), ("d.md", " ".join(secrets))):
        report = run_checks(write(tmp_path, name, content), name, PROFILE)
        said = json.dumps([finding.as_dict() for finding in report.findings])
        assert report.verdict is Severity.FAIL
        assert not [secret for secret in secrets if secret in said]


@pytest.mark.parametrize("name", ["laughs.svg", "odd.ipynb", "pixels.png", "inflate.pdf", "quote.csv"])
def test_showing_a_bomb_gives_a_page(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name, BOMBS[name]())
    page = render_for_checker(file, ALLOWED[file.suffix])
    assert page.startswith("<!doctype html>")
    assert "<script" not in page

"""Which packages are office files, what of a package is refused, and what a release strips from one."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from PIL import Image, PngImagePlugin

from egress.findings import Severity
from egress.inspection import media_types as types
from egress.inspection import office_package
from egress.inspection.detection import detect
from egress.inspection.document import Seen
from egress.inspection.office_package import MOST_PARTS, Package, PackageError
from egress.inspection.spreadsheets import read_xlsx
from egress.inspection.stripped import CannotStripError
from egress.inspection.stripping import strip
from tests.support.office_checks import GOOD, GOOD_ROWS, book, nothing, seen_in, verdict
from tests.support.office_files import (
    LINK,
    TYPES,
    edited,
    package,
    paragraph,
    relations,
    sheet,
    story,
    word,
    workbook,
)


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

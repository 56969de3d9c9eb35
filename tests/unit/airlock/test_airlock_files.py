"""The file store and the names in it."""

from __future__ import annotations

import io
import os
import unicodedata
from pathlib import Path

import pytest

from egress.files import FileStore, StoredFile
from egress.names import check_file_name, clean_text, clean_title
from governance.refusal import Refusal


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files", limit=1000)


def test_a_file_is_kept_by_its_content_read_only(files: FileStore, tmp_path: Path) -> None:
    stored = files.put(io.BytesIO(b"abc"))
    assert stored == StoredFile("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)
    kept = files.path(stored.sha256)
    assert kept.read_bytes() == b"abc"
    assert kept.stat().st_mode & 0o777 == 0o400
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "files").iterdir()] == [stored.sha256]


@pytest.mark.parametrize(("size", "code"), [(1001, "file-too-large"), (0, "file-empty")])
def test_too_much_and_nothing_are_refused_and_leave_nothing(
    files: FileStore, tmp_path: Path, size: int, code: str
) -> None:
    with pytest.raises(Refusal, match=code):
        files.put(io.BytesIO(b"x" * size))
    assert list((tmp_path / "files").iterdir()) == []
    assert files.put(io.BytesIO(b"x" * 1000)).size == 1000


def test_one_changed_byte_is_seen_and_mended_by_the_same_file(files: FileStore) -> None:
    stored = files.put(io.BytesIO(b"abc"))
    kept = files.path(stored.sha256)
    for other in (b"abd", b"ab", b"abcd", b"abc" * 400_000):
        kept.chmod(0o600)
        kept.write_bytes(other)
        assert not files.is_intact(stored)
    with pytest.raises(Refusal, match="file-changed"):
        files.copy_out(stored, io.BytesIO())
    files.put(io.BytesIO(b"abc"))
    assert files.is_intact(stored)


def test_symbolic_links_pipes_and_missing_files_are_not_read(files: FileStore, tmp_path: Path) -> None:
    stored = files.put(io.BytesIO(b"abc"))
    kept = files.path(stored.sha256)
    moved = tmp_path / "moved"
    kept.rename(moved)
    assert not files.is_intact(stored)
    kept.symlink_to(moved)
    assert not files.is_intact(stored)
    kept.unlink()
    os.mkfifo(kept)
    assert not files.is_intact(stored)
    kept.unlink()
    kept.mkdir()
    assert not files.is_intact(stored)


@pytest.mark.parametrize("name", ["", "../register.db", "A" * 64, "a" * 63, "a" * 64 + "/x"])
def test_only_a_sha256_names_a_file(files: FileStore, name: str) -> None:
    with pytest.raises(Refusal, match="file-changed"):
        files.path(name)


@pytest.mark.parametrize(
    "name", ["table.csv", "Table 1 (rounded).csv", "größe.csv", "図1.png", "a", "a.b.c-d_e+f,g=h@i"]
)
def test_plain_names_stay(name: str) -> None:
    assert check_file_name(name) == name


def test_names_are_kept_in_one_spelling() -> None:
    assert check_file_name(unicodedata.normalize("NFD", "größe.csv")) == "größe.csv"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "-rf",
        "~root",
        " a",
        "a ",
        "a.",
        "a/b",
        "/etc/passwd",
        "a\\b",
        "..\\..\\x",
        "a\0b",
        "a\nb",
        "a\tb",
        "a\x7f",
        "evil\u202egpj.exe",
        "a\u200bb",
        "a\ufeffb",
        "\ud800",
        "a:b",
        "a|b",
        'a"b',
        "a<b>",
        "a*",
        "a?",
        "manifest.json",
        "MANIFEST.JSON",
        "manifest.sig",
        "con",
        "NUL.csv",
        "com1.txt",
        "x" * 121,
        "é" * 61,
    ],
)
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(Refusal, match="bad-file-name"):
        check_file_name(name)


def test_texts_are_mended_and_bounded() -> None:
    assert clean_text("a\r\nb\tc\u200b\x00 \r\n\r\n", "context") == "a\nb c"
    assert clean_title("  a\nb  ") == "a b"
    assert clean_text("x" * 5000, "context")
    with pytest.raises(Refusal, match="text-too-long"):
        clean_text("x" * 5001, "context")
    with pytest.raises(Refusal, match="text-too-long"):
        clean_title("x" * 201)

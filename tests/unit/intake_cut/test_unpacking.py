"""Hostile zips: no path, size or name of theirs is believed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.cut import unpacking
from intake.cut.unpacking import unpack


def pack(file: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return file


def test_tables_are_laid_flat_and_nothing_else_is_written(tmp_path: Path) -> None:
    members = [
        ("../../escaped/person.csv", b"person_id\n1\n"),
        ("/etc/death.csv", b"person_id\n"),
        ("a\\b\\visit_occurrence.csv", b"person_id\n"),
        ("run.sh", b"rm -rf /"),
        (".hidden.csv", b"x"),
        ("__MACOSX/person.csv", b"x"),
    ]
    folder = unpack(pack(tmp_path / "z.zip", members), tmp_path / "out")
    assert {file.name for file in folder.iterdir()} == {"person.csv", "death.csv", "visit_occurrence.csv"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.name for file in tmp_path.iterdir()} == {"z.zip", "out"}


def test_a_link_in_the_archive_is_a_file_like_any_other(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("person.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    file = unpack(tmp_path / "z.zip", tmp_path / "out") / "person.csv"
    assert not file.is_symlink()
    assert file.read_text() == "/etc/passwd"


@pytest.mark.parametrize("most", [10, unpacking.MOST_BYTES])
def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, most: int) -> None:
    bomb = pack(tmp_path / "z.zip", [("person.csv", bytes(30 * 2**20))])
    with pytest.raises(Refusal, match="source-too-large"):
        unpack(bomb, tmp_path / "out", most)


def test_a_size_that_the_directory_lies_about_is_counted(tmp_path: Path) -> None:
    file = pack(tmp_path / "z.zip", [("person.csv", b"x" * 5000)])
    raw = bytearray(file.read_bytes())
    start = raw.rindex(b"PK\x01\x02")
    raw[start + 24 : start + 28] = (5).to_bytes(4, "little")
    file.write_bytes(raw)
    with pytest.raises(Refusal):
        unpack(file, tmp_path / "out", 1000)


def test_too_many_members_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    many = pack(tmp_path / "many.zip", [(f"{number}.csv", b"") for number in range(unpacking.MOST_FILES + 1)])
    with pytest.raises(Refusal, match="source-too-large"):
        unpack(many, tmp_path / "out")
    twice = pack(tmp_path / "twice.zip", [("a/person.csv", b""), ("b/PERSON.csv", b"")])
    with pytest.raises(Refusal, match="unreadable-source"):
        unpack(twice, tmp_path / "out2")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "z.zip").write_bytes(content)
    with pytest.raises(Refusal, match="unreadable-source"):
        unpack(tmp_path / "z.zip", tmp_path / "out")


def test_damage_inside_is_refused(tmp_path: Path) -> None:
    file = pack(tmp_path / "z.zip", [("person.csv", io.BytesIO(bytes(range(256)) * 40).getvalue())])
    raw = bytearray(file.read_bytes())
    raw[60:90] = bytes(30)
    file.write_bytes(raw)
    with pytest.raises(Refusal, match="unreadable-source"):
        unpack(file, tmp_path / "out")

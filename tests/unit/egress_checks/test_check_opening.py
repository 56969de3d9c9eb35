"""Opening paths that somebody else chose: nothing blocks, nothing follows, nothing is read past the limit."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from egress.findings import Severity
from egress.inspection import opening
from egress.inspection.locked_child import MOST_BYTES
from egress.inspection.opening import CannotOpenError, open_for_checks
from governance.settings import Settings


def refused(path: Path, limit: int = 100) -> tuple[str, str, int]:
    with pytest.raises(CannotOpenError) as caught:
        open_for_checks(path, limit)
    assert caught.value.finding.severity is Severity.FAIL
    return caught.value.finding.check, caught.value.finding.why, caught.value.size


def test_a_file_is_read_and_hashed(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"a,b\n")
    opened = open_for_checks(file, 100)
    assert opened.content == b"a,b\n"
    assert opened.sha256 == hashlib.sha256(b"a,b\n").hexdigest()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        assert "socket" in refused(tmp_path / "sock")[1]
    assert "pipe" in refused(tmp_path / "pipe")[1]
    assert "symbolic link" in refused(tmp_path / "link")[1]
    assert "folder" in refused(tmp_path)[1]
    assert "device" in refused(Path("/dev/zero"))[1]


@pytest.mark.parametrize("path", ["nothing", "nothing/at/all", "/etc/hostname/x"])
def test_what_is_not_there_is_refused(tmp_path: Path, path: str) -> None:
    assert refused(tmp_path / path)[0] == "not-a-file"


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "a\x00b")[0] == "could-not-be-read"
    assert refused(tmp_path / ("x" * 5000))[0] == "could-not-be-read"


def test_large_and_empty_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"x" * 101)
    assert refused(file)[::2] == ("file-size", 101)
    for content in (b"", b"\n \r\n", b"\xef\xbb\xbf", b"\x00" * 10):
        file.write_bytes(content)
        assert refused(file)[::2] == ("empty-file", len(content))


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"x" * 500)
    real = os.fstat

    def as_it_was(descriptor: int) -> os.stat_result:
        held = list(real(descriptor))
        held[6] = 10  # st_size before it grew
        return os.stat_result(held)

    monkeypatch.setattr(opening.os, "fstat", as_it_was)
    assert refused(file)[0] == "file-size"


def test_something_else_than_every_known_kind_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(opening, "KINDS", ())
    assert "something else" in refused(tmp_path)[1]


def test_the_limit_is_that_of_the_settings() -> None:
    assert Settings.model_fields["egress_file_bytes"].default == MOST_BYTES

"""Measuring folders that somebody fills with tricks."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from hub.disk.measure import MOST_DEPTH, measure

MEBIBYTE = 2**20


def test_blocks_are_counted_and_links_are_not_followed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "outside").write_bytes(bytes(8 * MEBIBYTE))
    before = measure(home).bytes
    (home / "a").write_bytes(os.urandom(MEBIBYTE))
    (home / "link").symlink_to(tmp_path / "outside")
    (home / "folder-link").symlink_to(tmp_path)
    used = measure(home)
    assert MEBIBYTE <= used.bytes - before < MEBIBYTE + 65536
    assert used.files == 3
    assert used.whole and not used.hidden


def test_a_hard_link_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(MEBIBYTE))
    before = measure(tmp_path).bytes
    for number in range(5):
        os.link(tmp_path / "a", tmp_path / f"link{number}")
    assert measure(tmp_path).bytes - before < 65536


def test_empty_files_take_their_place_too(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).touch()
    assert measure(tmp_path).bytes == 50 * 4096


def test_a_sparse_file_counts_what_it_takes(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as opened:
        opened.truncate(2**40)
    assert measure(tmp_path).bytes < MEBIBYTE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_use_is_told_by_owner(tmp_path: Path) -> None:
    for owner in (1001, 1002):
        (tmp_path / str(owner)).write_bytes(os.urandom(owner * 100))
        os.chown(tmp_path / str(owner), owner, owner)
    used = measure(tmp_path).by_owner
    assert used[1001] >= 100_000 and used[1002] >= 100_000


def test_nesting_costs_no_more_descriptors_than_allowed(tmp_path: Path) -> None:
    """Nor does a path longer than the kernel takes in one piece hide anything: it is said that something is hidden."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 100, dir_fd=here)
        deeper = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    before = len(list(Path("/proc/self/fd").iterdir()))
    used = measure(tmp_path)
    assert used.hidden
    assert used.files == MOST_DEPTH
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_too_many_files_end_the_count(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).touch()
    used = measure(tmp_path, most_files=20)
    assert used.files == 21
    assert used.too_many and not used.whole
    assert measure(tmp_path, seconds=-1.0).whole  # the clock is looked at every so many files only


@pytest.mark.skipif(os.geteuid() == 0, reason="root looks into everything")
def test_a_closed_folder_is_said_to_be_hidden(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    assert measure(tmp_path).hidden


def test_folders_that_turn_into_links_meanwhile_lead_nowhere(tmp_path: Path) -> None:
    outside, home = tmp_path / "outside", tmp_path / "home"
    outside.mkdir()
    home.mkdir()
    (outside / "large").write_bytes(bytes(32 * MEBIBYTE))
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (home / "x").mkdir()
            (home / "x").rmdir()
            (home / "x").symlink_to(outside)
            (home / "x").unlink()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        assert max(measure(home).bytes for _ in range(300)) < MEBIBYTE
    finally:
        stop.set()
        thread.join()

"""Homes and their user numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from governance.refusal import Refusal
from hub import ownership
from hub.ownership import FIRST_UID, LAST_UID, give_tree, prepare_home

AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")


def test_a_new_home_is_closed_to_others_and_said_to_be_new(tmp_path: Path) -> None:
    uid, fresh = prepare_home(tmp_path / "one")
    assert fresh
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "one").stat().st_uid == uid
    assert prepare_home(tmp_path / "one") == (uid, False)


@root_only
def test_every_home_gets_a_number_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    numbers = [prepare_home(tmp_path / name)[0] for name in ("a", "b", "c")]
    assert len(set(numbers)) == 3
    assert all(FIRST_UID <= number <= LAST_UID for number in numbers)
    (tmp_path / "a").rmdir()
    assert prepare_home(tmp_path / "d")[0] not in numbers[1:]
    assert prepare_home(tmp_path / "b") == (numbers[1], False)


@root_only
def test_a_home_from_before_is_given_its_number_with_all_it_holds(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("root's")
    home = tmp_path / "homes" / "old"
    (home / "sub").mkdir(parents=True)
    (home / "sub" / "file").write_text("x")
    (home / "link").symlink_to(outside)
    uid, fresh = prepare_home(home)
    assert not fresh
    assert {path.lstat().st_uid for path in (home, home / "sub", home / "sub/file", home / "link")} == {uid}
    assert outside.stat().st_uid == 0  # links are not followed


@root_only
def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "file").write_text("x")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "planted").symlink_to(tmp_path / "etc")
    give_tree(tmp_path / "home", FIRST_UID)
    assert (tmp_path / "etc").stat().st_uid == 0
    assert (tmp_path / "etc" / "file").stat().st_uid == 0


@root_only
def test_numbers_run_out_with_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "LAST_UID", FIRST_UID)
    prepare_home(tmp_path / "one")
    with pytest.raises(Refusal) as caught:
        prepare_home(tmp_path / "two")
    assert caught.value.code == "no-user-number"


@root_only
def test_without_root_a_foreign_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_home(tmp_path / "one")
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(Refusal) as caught:
        prepare_home(tmp_path / "one")
    assert caught.value.code == "home-not-owned"

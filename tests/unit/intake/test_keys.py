"""Pseudonym keys: per project and domain, private, refusing clashes and damaged files."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.keys import KEY_BYTES, PseudonymKey, open_project_key


def test_a_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = open_project_key(tmp_path, "gi-bleed", "person").pseudonyms([1, 2])
    again = open_project_key(tmp_path, "gi-bleed", "person").pseudonyms([1, 2])
    assert first == again
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_bytes()) == KEY_BYTES


@pytest.mark.parametrize(("project", "domain"), [("respiratory", "person"), ("gi-bleed", "visit_occurrence")])
def test_other_projects_and_domains_share_no_pseudonym(tmp_path: Path, project: str, domain: str) -> None:
    people = range(1000)
    mine = open_project_key(tmp_path, "gi-bleed", "person").pseudonyms(people)
    theirs = open_project_key(tmp_path, project, domain).pseudonyms(people)
    assert not set(mine) & set(theirs)


def test_pseudonyms_fit_a_positive_bigint(tmp_path: Path) -> None:
    made = open_project_key(tmp_path, "p", "person").pseudonyms(range(2000))
    assert all(0 <= value < 2**63 for value in made)
    assert max(made) > 2**61  # spread over the whole range


def test_two_equal_identifiers_are_a_clash(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="pseudonym-clash"):
        open_project_key(tmp_path, "p", "person").pseudonyms([7, 7])


@pytest.mark.parametrize("harm", ["readable", "short"])
def test_a_key_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path, harm: str) -> None:
    open_project_key(tmp_path, "p", "person")
    file = tmp_path / "p.person.key"
    if harm == "readable":
        file.chmod(0o640)
    else:
        file.write_bytes(b"x" * 31)
    with pytest.raises(Refusal, match="bad-key"):
        open_project_key(tmp_path, "p", "person")


def test_a_key_shows_nothing_of_itself() -> None:
    key = PseudonymKey(b"s" * KEY_BYTES)
    assert "sss" not in repr(key) + str(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)

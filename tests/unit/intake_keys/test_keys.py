"""Keys of pseudonyms and marks: per project and domain or per cut, private, refusing clashes and damaged files."""

from __future__ import annotations

import hmac
import pickle
from pathlib import Path

import pytest

from governance.refusal import Refusal
from intake.keys import KEY_BYTES, MarkKey, PseudonymKey, open_cut_key, open_project_key

CUT = "c" * 64


def test_a_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = open_project_key(tmp_path, "gi-bleed", "person").pseudonyms([1, 2])
    again = open_project_key(tmp_path, "gi-bleed", "person").pseudonyms([1, 2])
    assert first == again
    [file] = tmp_path.glob("*.key")
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


def test_a_cut_has_one_key_and_another_cut_another(tmp_path: Path) -> None:
    people = range(1000)
    marks = open_cut_key(tmp_path, CUT).marks(people)
    assert marks == open_cut_key(tmp_path, CUT).marks(people), "every project built from the cut sees the same"
    assert not set(marks) & set(open_cut_key(tmp_path, "0" * 64).marks(people))
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert all(0 <= mark < 2**64 for mark in marks)
    assert max(marks) > 2**63  # the whole range


def test_marks_are_the_documented_ones(tmp_path: Path) -> None:
    (tmp_path / f"cut-{CUT}.mark.key").write_bytes(b"k" * KEY_BYTES)
    (tmp_path / f"cut-{CUT}.mark.key").chmod(0o600)
    expected = int.from_bytes(hmac.digest(b"k" * KEY_BYTES, b"17", "sha256")[:8], "big")
    assert open_cut_key(tmp_path, CUT).marks([17]) == [expected]


def test_two_people_under_one_mark_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="mark-clash"):
        open_cut_key(tmp_path, CUT).marks([7, 7])


@pytest.mark.parametrize("cut", ["", "gi-bleed", "../" + "0" * 61, "A" * 64, "0" * 64 + "\n"], ids=repr)
def test_a_cut_is_a_digest(tmp_path: Path, cut: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        open_cut_key(tmp_path, cut)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [PseudonymKey, MarkKey])
def test_a_key_shows_nothing_of_itself(kind: type[PseudonymKey | MarkKey]) -> None:
    key = kind(b"s" * KEY_BYTES)
    assert "sss" not in repr(key) + str(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)

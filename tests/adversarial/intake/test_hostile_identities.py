"""Names, postcodes and numbers that somebody writes to break the linkage, or to be taken for somebody else."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.linking import ANNA, BEN, LinkingLab
from tests.support.staged_feeds import valid_number

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

HOSTILE = [
    "Robert'); DROP TABLE link; --",
    "\"; ATTACH '/etc/passwd' AS x; --",
    "${jndi:ldap://x}",
    "\u202eanna\u202c",  # written backwards
    "A" * 20_000,
    "e\u0301" * 500,  # accents apart from their letters
    "\u200b\u200b",  # nothing that can be seen
    "NULL",
    "%_%",
    "Ａｎｎａ",  # wide letters
    "😀",
]


@pytest.fixture
def lab(tmp_path: object) -> LinkingLab:
    """An empty gateway."""
    from pathlib import Path

    return LinkingLab.at(Path(str(tmp_path)))


def test_hostile_names_break_nothing_and_link_to_themselves_only(lab: LinkingLab) -> None:
    people = [
        ANNA.but(number=valid_number(100 + n), surname=name, forename=name, birth=date(1950 + n, 1, 1))
        for n, name in enumerate(HOSTILE)
    ]
    lab.register(ANNA, BEN, *people)
    lab.admit(*(each.but(number=None) for each in people), *people)
    lab.link()
    known = {str(each.number): each.birth for each in people}
    found = lab.ask(
        "SELECT p.nhs_number, i.birth FROM link l JOIN identity i USING (feed, person_ref) "
        "JOIN person p USING (person_id) WHERE feed = 'hospital'"
    )
    assert all(known[str(number)] == birth for number, birth in found)
    assert len(found) >= len(people)


def test_a_name_that_is_nothing_matches_no_other_that_is_nothing(lab: LinkingLab) -> None:
    lab.register(ANNA.but(surname="...", forename="-"))
    lab.admit(ANNA.but(number=None, surname="'", forename="."))
    lab.link()
    assert lab.linked("hospital") == [(None, 5)]


@pytest.mark.parametrize("number", ["9" * 400, "-1", "1e9", "٩٠٠٠٠٠٠٠٠٩", "0x21FDD5A0", "9000000009; --", " ", "9.0e9"])
def test_what_is_no_number_is_none(lab: LinkingLab, number: str) -> None:
    lab.register(ANNA)
    lab.see("1", ANNA.but(number=number))
    lab.link()
    assert lab.linked("mental_health") == [(None, 5)]


def test_a_pseudo_postcode_is_no_address(lab: LinkingLab) -> None:
    lab.register(ANNA.but(postcode="ZZ99 3VZ"))
    lab.admit(ANNA.but(number=None, postcode="ZZ99 3VZ"))
    lab.link()
    (found,) = lab.linked("hospital")
    assert found[1] != 3


def test_to_carry_somebodys_number_does_not_make_one_that_person(lab: LinkingLab) -> None:
    """A borrowed card: the number is Anna's, everything else the borrower's."""
    lab.register(ANNA, BEN)
    lab.admit(BEN.but(number=ANNA.number))
    lab.admit(BEN.but(number=ANNA.number, sex="2", postcode=ANNA.postcode))
    lab.link()
    assert all(number != ANNA.number for number, _ in lab.linked("hospital"))

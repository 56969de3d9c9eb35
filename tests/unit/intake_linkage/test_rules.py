"""Each rule finds whom it should and nobody else."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.linking import ANNA, BEN, Facts, LinkingLab
from tests.support.staged_feeds import valid_number

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

NOBODY = (None, 5)


def linked_alone(lab: LinkingLab, who: Facts) -> tuple[str | None, int]:
    """How one hospital identity is linked in a region of Anna and Ben."""
    lab.register(ANNA, BEN)
    lab.admit(who)
    lab.link()
    (found,) = lab.linked("hospital")
    return found


@pytest.mark.parametrize(
    ("who", "rank"),
    [
        (ANNA, 1),
        (ANNA.but(sex=None, postcode=None, surname=None, forename=None), 1),
        (ANNA.but(surname="Married", postcode="ZZ1 1ZZ"), 1),
        (ANNA.but(birth=date(1970, 5, 18)), 2),  # sex and postcode agree
        (ANNA.but(birth=date(1971, 5, 17), sex=None), 2),  # postcode
        (ANNA.but(birth=date(1970, 6, 17), postcode=None), 2),  # sex
        (ANNA.but(number=None), 3),
        (ANNA.but(number=None, surname="o’brien", forename=" ANNA ", postcode="ab12cd"), 3),
        (ANNA.but(number="9000000000"), 3),  # fails its check, so it says nothing
        (ANNA.but(number="4444444444"), 3),  # a placeholder
    ],
)
def test_agreeing_facts_link(lab: LinkingLab, who: Facts, rank: int) -> None:
    assert linked_alone(lab, who) == (ANNA.number, rank)


@pytest.mark.parametrize(
    "who",
    [
        ANNA.but(birth=date(1970, 5, 18), sex="1", forename=None),  # number of another: both disagree
        ANNA.but(birth=date(1970, 5, 18), sex=None, postcode=None, surname=None, forename=None),
        ANNA.but(birth=None, surname=None, forename=None),
        ANNA.but(number=None, forename=None, surname=None),
        ANNA.but(number=None, birth=None, postcode=None),
        Facts(None, None, None, None, None, "Anna"),
    ],
)
def test_too_little_links_nobody(lab: LinkingLab, who: Facts) -> None:
    assert linked_alone(lab, who) == NOBODY


def test_swapped_digits_that_are_another_persons_number_do_not_link_to_that_person(lab: LinkingLab) -> None:
    assert linked_alone(lab, ANNA.but(number=BEN.number)) == (ANNA.number, 3)
    assert lab.refused() == ["number-of-another"]


def test_a_refused_number_is_not_used_by_a_later_rule(lab: LinkingLab) -> None:
    other = ANNA.but(number=BEN.number, birth=date(1981, 11, 4), sex="2", postcode=BEN.postcode)
    assert linked_alone(lab, other) == NOBODY


def test_year_and_month_suffice_where_a_feed_has_no_day(lab: LinkingLab) -> None:
    lab.register(ANNA, BEN)
    lab.assess("1", ANNA)
    lab.assess("2", BEN.but(birth=date(1981, 12, 3)))
    lab.assess("3", BEN.but(birth=date(1981, 12, 4), postcode=None))  # month of birth and postcode are missing
    lab.link()
    assert sorted(lab.linked("social_care"), key=str) == sorted([(ANNA.number, 1), (BEN.number, 2), NOBODY], key=str)


def test_day_and_month_swapped_are_a_slip(lab: LinkingLab) -> None:
    lab.register(ANNA, BEN)
    lab.see("7", BEN.but(birth=date(1981, 3, 11)))
    lab.link()
    assert lab.linked("mental_health") == [(BEN.number, 2)]


def test_a_son_of_his_fathers_name_at_his_fathers_address_is_himself(lab: LinkingLab) -> None:
    son = BEN.but(number=valid_number(50), birth=date(2009, 11, 3))
    lab.register(BEN, son)
    lab.admit(BEN.but(number=None), son.but(number=None))
    lab.link()
    assert sorted(lab.linked("hospital"), key=str) == sorted([(BEN.number, 3), (son.number, 3)], key=str)


def test_a_match_that_is_not_unique_is_no_match(lab: LinkingLab) -> None:
    lab.register(ANNA, ANNA.but(number=valid_number(60)))
    lab.admit(ANNA.but(number=None))
    lab.link()
    assert lab.linked("hospital") == [NOBODY]


TWIN = ANNA.but(number=valid_number(70), forename="Clara")
BROTHER = ANNA.but(number=valid_number(71), forename="David", sex="1")


def test_twins_are_told_apart_by_forename(lab: LinkingLab) -> None:
    lab.register(ANNA, TWIN, BROTHER)
    lab.admit(ANNA.but(number=None), TWIN.but(number=None), BROTHER.but(number=None))
    lab.link()
    found = [number for number, _ in lab.linked("hospital")]
    assert sorted(map(str, found)) == sorted(map(str, (ANNA.number, TWIN.number, BROTHER.number)))


@pytest.mark.parametrize(
    "who",
    [
        TWIN.but(number=ANNA.number),  # the name of one, the number of the other
        TWIN.but(number=ANNA.number, postcode="XY9 9YX"),  # moved since, but the surname tells
        BROTHER.but(number=ANNA.number, forename=None, surname=None),  # the sex of one, the number of the other
        TWIN.but(number=None, forename=None),
    ],
)
def test_a_record_of_two_twins_links_to_neither(lab: LinkingLab, who: Facts) -> None:
    lab.register(ANNA, TWIN, BROTHER)
    lab.admit(who)
    lab.link()
    assert lab.linked("hospital") == [NOBODY]


def test_a_nickname_does_not_undo_a_number(lab: LinkingLab) -> None:
    lab.register(ANNA, TWIN)
    lab.admit(ANNA.but(forename="Annie"))
    lab.link()
    assert lab.linked("hospital") == [(ANNA.number, 1)]


@pytest.mark.parametrize(
    ("held", "given"),
    [("Zoë", "ZOE"), ("Ødegård", "Odegard"), ("Müller-Lüdenscheidt", "muller ludenscheidt"), ("王", "王")],
)
def test_names_compare_without_accents_case_and_punctuation(lab: LinkingLab, held: str, given: str) -> None:
    lab.register(ANNA.but(surname=held))
    lab.admit(ANNA.but(number=None, surname=given))
    lab.link()
    assert lab.linked("hospital") == [(ANNA.number, 3)]

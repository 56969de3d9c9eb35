"""Splink links what slips have left, and refuses to choose."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.linking import ANNA, BEN, Facts, LinkingLab
from tests.support.staged_feeds import valid_number

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

NOBODY = (None, 5)
TWIN = ANNA.but(number=valid_number(70), forename="Clara")


@pytest.mark.parametrize(
    "who",
    [
        ANNA.but(birth=date(1900, 1, 1)),  # not known
        ANNA.but(birth=None),
        ANNA.but(birth=date(1970, 6, 2)),
        ANNA.but(number=None, surname="Obrein"),
        ANNA.but(number=None, forename="Anan"),
        ANNA.but(number=None, birth=date(1970, 5, 18)),
        ANNA.but(number=None, birth=date(1979, 5, 17)),
        ANNA.but(number=None, surname="Newname"),
        ANNA.but(number=None, sex=None),
        ANNA.but(number=None, postcode="AB1 2CE"),
        ANNA.but(number=BEN.number, surname="Obrein"),
    ],
)
def test_slips_are_overcome(lab: LinkingLab, who: Facts) -> None:
    lab.register(ANNA, BEN)
    lab.admit(who)
    lab.link()
    assert lab.linked("hospital") == [(ANNA.number, 4)]


@pytest.mark.parametrize(
    "who",
    [
        ANNA.but(number=None, forename="Rosemary"),  # perhaps a sister
        ANNA.but(number=None, birth=date(2001, 2, 3)),  # perhaps a daughter of her name
        ANNA.but(number=None, birth=date(1995, 5, 17)),  # perhaps a daughter of her name, born on her birthday
        ANNA.but(number=valid_number(75), surname="Obrein"),  # a number that is nobody's we know
        ANNA.but(birth=date(1995, 11, 30)),  # her number and name: perhaps on the record of a daughter of her name
        ANNA.but(number=None, forename=None),
        ANNA.but(number=None, surname="Newname", postcode="XY9 9YX"),
        ANNA.but(number=None, forename="An", surname="Obrein"),  # of two twins, An may be either
    ],
)
def test_nobody_is_linked_on_a_guess(lab: LinkingLab, who: Facts) -> None:
    lab.register(ANNA, TWIN.but(forename="Anne"))
    lab.admit(who)
    lab.link()
    assert lab.linked("hospital") == [NOBODY]


def test_a_feed_without_the_day_of_birth_is_weighed_too(lab: LinkingLab) -> None:
    lab.register(ANNA, BEN)
    lab.assess("1", ANNA.but(number=None))
    lab.link()
    assert lab.linked("social_care") == [(ANNA.number, 4)]


def test_nothing_of_splink_stays_in_the_spine(lab: LinkingLab) -> None:
    lab.register(ANNA)
    lab.admit(ANNA.but(number=None, surname="Obrein"))
    lab.link()
    tables = {name for (name,) in lab.ask("SELECT table_name FROM information_schema.tables")}
    assert tables == {"identity", "evidence", "refused", "person", "nhs_number", "link", "merged"}

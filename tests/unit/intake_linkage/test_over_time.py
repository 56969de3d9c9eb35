"""Links follow what feeds say over time: corrections relink, people keep their ids, merged people keep all numbers."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path

import pytest

from governance.refusal import Refusal
from tests.support.linking import ANNA, BEN, LinkingLab
from tests.support.staged_feeds import valid_number

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

NEW = valid_number(90)
NOBODY = (None, 5)


def ids(lab: LinkingLab) -> dict[str, object]:
    """Person id by NHS number."""
    return {str(number): person for number, person in lab.ask("SELECT nhs_number, person_id FROM nhs_number")}


def test_people_keep_their_ids_and_newcomers_get_new_ones(lab: LinkingLab) -> None:
    lab.register(ANNA, BEN)
    lab.link()
    before = ids(lab)
    lab.register(*(ANNA.but(number=valid_number(n), forename=f"New{n}") for n in range(100, 140)), practice="P2")
    report = lab.link()
    after = ids(lab)
    assert {number: after[number] for number in before} == before
    assert len(set(after.values())) == 42
    assert report.new == 40


def test_linking_again_changes_nothing(lab: LinkingLab) -> None:
    lab.register(ANNA, BEN)
    lab.admit(ANNA.but(birth=date(1970, 5, 18)), BEN.but(number=None), BEN.but(number=NEW, forename="Visitor"))
    first, rows = lab.link(), lab.ask("SELECT * FROM link ORDER BY ALL")
    again = lab.link()
    assert (again.people, again.ranks, again.new) == (first.people, first.ranks, 0)
    assert lab.ask("SELECT * FROM link ORDER BY ALL") == rows


def test_a_corrected_number_relinks(lab: LinkingLab) -> None:
    lab.register(ANNA, BEN)
    lab.see("7", BEN.but(number=ANNA.number, birth=ANNA.birth), month=1400)
    lab.link()
    assert lab.linked("mental_health") == [(ANNA.number, 1)]
    lab.see("7", BEN, month=1401)
    lab.link()
    assert lab.linked("mental_health") == [(BEN.number, 1)]
    assert len(lab.ask("SELECT * FROM evidence WHERE feed = 'mental_health'")) == 2  # the older facts are kept


def test_a_corrected_date_of_birth_relinks(lab: LinkingLab) -> None:
    wrong = ANNA.but(birth=date(1990, 1, 1), surname=None, forename=None)
    lab.register(BEN, wrong)
    lab.see("7", ANNA)
    lab.link()
    assert lab.linked("mental_health") == [NOBODY]
    lab.register(ANNA, period="2024-06-30")
    lab.link()
    assert lab.linked("mental_health") == [(ANNA.number, 1)]


def test_the_order_in_which_deliveries_arrive_changes_nothing(tmp_path: Path) -> None:
    found = set()
    for turn, order in enumerate(list(permutations(range(4)))[::4]):
        lab = LinkingLab.at(tmp_path / str(turn))
        steps = (
            lambda lab: lab.register(ANNA.but(postcode="OL1 1DD"), BEN, period="2023-12-31"),
            lambda lab: lab.register(ANNA, period="2024-03-31"),
            lambda lab: lab.see("7", BEN.but(number=None), month=1400),
            lambda lab: lab.see("7", BEN, month=1399),
        )
        for step in order:
            steps[step](lab)
        lab.link()
        people = lab.ask("SELECT nhs_number, date_of_birth, postcode FROM person ORDER BY ALL")
        found.add((tuple(people), tuple(lab.linked("gp")), tuple(lab.linked("mental_health"))))
    assert len(found) == 1


def test_an_empty_value_does_not_undo_a_known_one(lab: LinkingLab) -> None:
    lab.register(ANNA)
    lab.see("7", ANNA, month=1400)
    lab.see("7", ANNA.but(number=None, postcode=None), month=1401)
    lab.link()
    assert lab.linked("mental_health") == [(ANNA.number, 1)]


def test_a_reference_that_is_two_people_at_once_is_refused(lab: LinkingLab) -> None:
    lab.register(ANNA, BEN)
    lab.see("7", ANNA)
    lab.see("7", BEN.but(number=None))
    lab.link()
    assert lab.linked("mental_health") == [NOBODY]
    assert lab.refused() == ["contested-reference"]


def test_a_number_that_two_practices_give_to_two_people_is_nobodys(lab: LinkingLab) -> None:
    lab.register(ANNA)
    lab.register(BEN.but(number=ANNA.number), practice="P2")
    lab.see("7", ANNA)
    lab.link()
    assert lab.linked("gp") == [NOBODY]


def test_a_superseded_number_merges_and_stays_known(lab: LinkingLab) -> None:
    lab.register(BEN)
    lab.see("7", ANNA)  # known by no practice yet
    lab.link()
    old = ids(lab)[str(ANNA.number)]
    lab.register(BEN, ANNA.but(number=NEW), period="2024-06-30")
    lab.see("7", ANNA.but(number=NEW), month=1401)
    report = lab.link()
    known = ids(lab)
    assert report.merged == 1
    assert known[str(ANNA.number)] == known[NEW] != old
    assert lab.linked("mental_health") == [(NEW, 1)]
    assert lab.ask("SELECT from_person_id, to_person_id, why FROM merged") == [(old, known[NEW], "number-superseded")]


def test_a_superseded_number_that_somebody_carries_again_is_theirs(lab: LinkingLab) -> None:
    lab.see("7", ANNA)
    lab.see("7", ANNA.but(number=NEW), month=1401)
    lab.link()
    assert len(set(ids(lab).values())) == 1
    lab.register(BEN.but(number=ANNA.number))
    lab.link()
    assert len(set(ids(lab).values())) == 2


def test_people_of_other_feeds_join_by_a_number_of_their_own(lab: LinkingLab) -> None:
    lab.register(ANNA)
    visitor = BEN.but(number=NEW)
    lab.admit(visitor, visitor.but(number=None), visitor.but(birth=date(1981, 11, 4)), visitor.but(forename="B"))
    report = lab.link()
    assert sorted(lab.linked("hospital")) == [(NEW, 1), (NEW, 1), (NEW, 2), (NEW, 3)]
    assert (report.people, report.newcomers) == (2, 1)


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (ANNA.but(number=NEW, forename=None, surname=None), "number-near-a-known-person"),
        (ANNA.but(number=str(int(str(ANNA.number)) + 8), forename=None), "number-near-a-known-person"),
    ],
)
def test_a_mistyped_number_makes_no_second_person(lab: LinkingLab, who: object, reason: str) -> None:
    lab.register(ANNA)
    lab.admit(who)
    lab.link()
    assert lab.linked("hospital") == [NOBODY]
    assert lab.refused() in ([reason], [])  # an invalid number is no number at all


def test_a_number_whose_carriers_disagree_makes_nobody(lab: LinkingLab) -> None:
    lab.register(ANNA)
    lab.admit(BEN.but(number=NEW), BEN.but(number=NEW, birth=date(1955, 1, 1), forename="Carl"))
    lab.link()
    assert lab.linked("hospital") == [NOBODY, NOBODY]
    assert lab.refused() == ["number-of-unsure-holder"] * 2


def test_a_damaged_spine_is_never_replaced(lab: LinkingLab) -> None:
    lab.register(ANNA)
    lab.link()
    lab.places.spine.write_bytes(b"not a database")
    with pytest.raises(Refusal, match="spine-unreadable"):
        lab.link()
    assert lab.places.spine.read_bytes() == b"not a database"
    assert [file.name for file in lab.places.identifiable.glob(".building*")] == []

"""Random small regions: every identity is linked once at most, to somebody it does not contradict; who is added, and in
which order deliveries arrive, changes no link of others."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.linking import Facts, LinkingLab
from tests.support.staged_feeds import valid_number

pytestmark = pytest.mark.slow

NUMBERS = ["0", "1", "2", "3"]  # of a village; see `settle`
BIRTHS = [date(1970, 5, 17), date(1970, 5, 18), date(1970, 6, 17), date(2000, 5, 17)]
#: Few values, so that people collide in all ways: twins, fathers and sons, numbers of others.
PEOPLE = st.builds(
    Facts,
    number=st.sampled_from(NUMBERS),
    birth=st.sampled_from(BIRTHS),
    sex=st.sampled_from(["1", "2"]),
    postcode=st.sampled_from(["2CD", "2CE"]),
    surname=st.sampled_from(["O'Brien", "Smith"]),
    forename=st.sampled_from(["Anna", "Anne", "Ben"]),
)
RECORDS = st.builds(
    Facts,
    number=st.sampled_from([*NUMBERS, None, None]),
    birth=st.sampled_from([*BIRTHS, None]),
    sex=st.sampled_from(["1", "2", None, "9"]),
    postcode=st.sampled_from(["2cd", "2CE", None]),
    surname=st.sampled_from(["OBRIEN", "Smith", None]),
    forename=st.sampled_from(["Anna", "Anne", "Ben", "B", None]),
)
VILLAGE = st.tuples(
    st.lists(PEOPLE, min_size=1, max_size=4, unique_by=lambda person: person.number),
    st.lists(RECORDS, min_size=1, max_size=5, unique=True),
)
Village = tuple[list[Facts], list[Facts]]
#: Many villages in one region, because a run of linking costs the same for one.
REGION = st.lists(VILLAGE, min_size=8, max_size=12)
STRANGER = Facts(valid_number(9000), date(1933, 1, 30), "1", "QQ9 9QQ", "Unrelated", "Zebedee")
EXAMPLES = settings(max_examples=3, deadline=None)


def settle(region: list[Village]) -> Village:
    """Everybody registered and seen, the villages told apart by numbers, postcodes and surnames."""
    registered, seen = [], []
    for village, (people, records) in enumerate(region):
        registered += [_at(village, each) for each in people]
        seen += [_at(village, each) for each in records]
    return registered, seen


def _at(village: int, who: Facts) -> Facts:
    return who.but(
        number=who.number and valid_number(10 * village + int(who.number)),
        postcode=who.postcode and f"AB{village} {who.postcode}",
        surname=who.surname and who.surname + "ABCDEFGHIJKL"[village] * 4,
    )


Links = dict[tuple[object, ...], tuple[object, object]]


def link(registered: list[Facts], seen: list[Facts], *, backwards: bool = False) -> Links:
    """The hospital's identities by their facts -> number of the person linked to, and the rank."""
    with tempfile.TemporaryDirectory() as folder:
        lab = LinkingLab.at(Path(folder))
        steps = [lambda: lab.register(*registered), lambda: lab.admit(*seen), lambda: lab.admit(*reversed(seen))]
        for step in reversed(steps) if backwards else steps:
            step()
        lab.link()
        facts = "i.nhs_number, i.birth, i.sex, i.postcode, i.surname, i.forename"
        rows = lab.ask(
            f"SELECT {facts}, p.nhs_number, l.match_rank FROM link l JOIN identity i USING (feed, person_ref) "
            "LEFT JOIN person p USING (person_id) WHERE feed = 'hospital'"
        )
        counts = lab.ask("SELECT (SELECT count(*) FROM link), (SELECT count(DISTINCT (feed, person_ref)) FROM link)")
        assert counts[0][0] == counts[0][1]
        assert lab.ask("SELECT count(*) FROM link ANTI JOIN person USING (person_id) WHERE match_rank < 5") == [(0,)]
        return {row[:6]: (row[6], row[7]) for row in rows}


@EXAMPLES
@given(region=REGION)
def test_a_link_contradicts_nothing_that_its_rule_relies_on(region: list[Village]) -> None:
    registered, seen = settle(region)
    known = {int(str(each.number)): each for each in registered}
    for (number, birth, *_, forename), (person, rank) in link(registered, seen).items():
        held = known.get(int(str(person))) if person is not None else None
        if rank in (1, 2):
            assert number == person
        if held is not None and rank == 1:
            assert birth == held.birth
        if held is not None and rank == 3:
            assert (birth, str(forename)) == (held.birth, str(held.forename).upper())


@EXAMPLES
@given(region=REGION)
def test_a_stranger_changes_no_link(region: list[Village]) -> None:
    registered, seen = settle(region)
    assert link([*registered, STRANGER], seen) == link(registered, seen)


@EXAMPLES
@given(region=REGION)
def test_the_order_of_deliveries_changes_no_link(region: list[Village]) -> None:
    registered, seen = settle(region)
    assert link(registered, seen, backwards=True) == link(registered, seen)

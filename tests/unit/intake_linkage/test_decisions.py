"""A steward's decision outranks the rules, is audited without any identifier, and can be withdrawn."""

from __future__ import annotations

from datetime import date

import pytest

from governance.audit import read_events
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.linkage import stewarding
from intake.linkage.decisions import read_decisions
from intake.places import IntakePlaces
from tests.support.linking import ANNA, BEN, LinkingLab
from tests.support.staged_feeds import valid_number

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

STEWARD = "operator:steward"
OTHER = ANNA.but(number=valid_number(80), birth=date(1999, 9, 9), forename="Olga")


@pytest.fixture
def lab(settings: Settings, store: Store) -> LinkingLab:
    """A gateway with a register."""
    del store
    return LinkingLab(settings, IntakePlaces.of(settings))


@pytest.fixture
def linked(lab: LinkingLab) -> LinkingLab:
    """Three people, and an episode of Anna's."""
    lab.register(ANNA, BEN, OTHER)
    lab.admit(ANNA)
    lab.link()
    return lab


def reference(lab: LinkingLab) -> int:
    """That of the episode."""
    return int(str(lab.ask("SELECT person_ref FROM link WHERE feed = 'hospital'")[0][0]))


def person(lab: LinkingLab, number: str | None) -> int:
    """A person's id."""
    return int(str(lab.ask(f"SELECT person_id FROM nhs_number WHERE nhs_number = {number}")[0][0]))


def test_a_split_link_stays_cut(linked: LinkingLab, store: Store) -> None:
    stewarding.split_link(linked.settings, store, "hospital", reference(linked), reason="not hers", actor=STEWARD)
    linked.link()
    linked.link()
    assert linked.linked("hospital") == [(None, 5)]


def test_a_corrected_link_outranks_every_rule(linked: LinkingLab, store: Store) -> None:
    stewarding.correct_link(
        linked.settings, store, "hospital", reference(linked), person(linked, BEN.number), reason="his", actor=STEWARD
    )
    linked.link()
    assert linked.linked("hospital") == [(BEN.number, 0)]


def test_the_newest_decision_on_a_link_counts(linked: LinkingLab, store: Store) -> None:
    anna, ben = person(linked, ANNA.number), person(linked, BEN.number)
    ref, word = reference(linked), {"reason": "as told", "actor": STEWARD}
    stewarding.split_link(linked.settings, store, "hospital", ref, **word)
    stewarding.correct_link(linked.settings, store, "hospital", ref, ben, **word)
    stewarding.correct_link(linked.settings, store, "hospital", ref, anna, **word)
    linked.link()
    assert linked.linked("hospital") == [(ANNA.number, 0)]


def test_merged_people_are_one_and_keep_all_numbers(linked: LinkingLab, store: Store) -> None:
    anna, other = person(linked, ANNA.number), person(linked, OTHER.number)
    stewarding.merge_people(linked.settings, store, other, anna, reason="one woman", actor=STEWARD)
    report = linked.link()
    assert (report.people, report.merged) == (2, 1)
    assert linked.ask(f"SELECT count(*) FROM nhs_number WHERE person_id = {anna}") == [(2,)]
    assert sorted(linked.linked("gp")) == sorted([(ANNA.number, 1), (ANNA.number, 1), (BEN.number, 1)])
    assert linked.ask("SELECT from_person_id, to_person_id, why FROM merged") == [(other, anna, "steward")]


def test_merges_in_a_ring_do_not_hang(linked: LinkingLab, store: Store) -> None:
    anna, ben, other = (person(linked, each.number) for each in (ANNA, BEN, OTHER))
    for one, two in ((anna, ben), (ben, other), (other, anna)):
        stewarding.merge_people(linked.settings, store, one, two, reason="one", actor=STEWARD)
    assert linked.link().people == 1


def test_a_withdrawn_decision_counts_no_longer_and_stays_on_file(linked: LinkingLab, store: Store) -> None:
    made = stewarding.split_link(linked.settings, store, "hospital", reference(linked), reason="no", actor=STEWARD)
    stewarding.withdraw(linked.settings, store, made.number, actor=STEWARD)
    linked.link()
    assert linked.linked("hospital") == [(ANNA.number, 1)]
    assert [bool(each.withdrawn) for each in read_decisions(linked.places)] == [True]
    with pytest.raises(Refusal, match="no-such-decision"):
        stewarding.withdraw(linked.settings, store, made.number, actor=STEWARD)


def test_every_decision_is_audited_and_names_nobody(linked: LinkingLab, store: Store) -> None:
    ref, anna = reference(linked), person(linked, ANNA.number)
    stewarding.split_link(linked.settings, store, "hospital", ref, reason="she wrote", actor=STEWARD)
    stewarding.find_links(linked.settings, store, str(ANNA.number), actor=STEWARD)
    with store.reading() as session:
        events = [(each.event, each.detail) for each in read_events(session) if each.event.startswith("link.")]
    assert events == [
        ("link.decided", '{"decision":1,"kind":"split"}'),
        ("link.looked-up", '{"links":2}'),
    ]
    assert not any(str(secret) in str(events) for secret in (ref, ANNA.number))
    assert anna == person(linked, ANNA.number)


def test_a_person_without_the_role_decides_nothing(linked: LinkingLab, store: Store) -> None:
    with pytest.raises(Refusal):
        stewarding.split_link(linked.settings, store, "hospital", reference(linked), reason="no", actor="somebody")
    assert read_decisions(linked.places) == ()


def test_what_is_shown_of_a_link_is_no_fact(linked: LinkingLab) -> None:
    view = stewarding.explain_link(linked.settings, "hospital", reference(linked))
    assert (view.rank, view.differ) == (1, ())
    assert {"NHS number", "date of birth", "postcode"} <= set(view.agree)
    assert not any(fact in str(view) for fact in (str(ANNA.number), "1970", "AB1", "Anna", "ANNA"))


@pytest.mark.parametrize("code", ["no-such-link", "no-such-spine-person", "same-person", "bad-number"])
def test_what_does_not_exist_is_refused(linked: LinkingLab, store: Store, code: str) -> None:
    settings, word = linked.settings, {"reason": "so", "actor": STEWARD}
    with pytest.raises(Refusal, match=code):
        if code == "no-such-link":
            stewarding.split_link(settings, store, "hospital", 1, **word)
        elif code == "no-such-spine-person":
            stewarding.correct_link(settings, store, "hospital", reference(linked), 10**9, **word)
        elif code == "same-person":
            stewarding.merge_people(settings, store, 1, 1, **word)
        else:
            stewarding.find_links(settings, store, "9000000000", actor=STEWARD)


def test_a_damaged_file_of_decisions_stops_linking(linked: LinkingLab) -> None:
    (linked.places.identifiable / "link_decisions.json").write_text("[{")
    with pytest.raises(Refusal, match="decisions-unreadable"):
        linked.link()

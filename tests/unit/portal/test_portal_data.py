"""The data steward's pages: what is shown of each step of the intake, and the decision on a delivery."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient
from sqlalchemy import select

from governance.clock import now
from governance.registry import Background, record_extract, record_region
from governance.registry.deliveries import DeliveryState, find_delivery
from governance.registry.keeper import KEEPER, DutyState, DutyWarning, record_duty
from governance.registry.opt_outs import record_opt_out_version
from governance.roles import ExtractOrigin
from governance.settings import Settings
from governance.store import Store
from governance.store.audit_log import AuditEvent
from hub.portal.portal import PREFIX
from hub.portal.words import DUTY_NAMES
from intake.keeper.duties import DUTIES
from tests.support.intake_rows import BY, add_delivery

DATA = f"{PREFIX}/data"
Visit = Callable[[str], TestClient]


def read(visit: Visit, path: str = "", subject: str = "steward") -> str:
    answer = visit(subject).get(DATA + path)
    assert answer.status_code == 200, answer.text
    page = BeautifulSoup(answer.text, "html.parser")
    return " ".join(page.find("main").get_text(" ").split())


def rows_of(visit: Visit, path: str) -> list[list[str]]:
    page = BeautifulSoup(visit("steward").get(DATA + path).text, "html.parser")
    for hidden in page.select(".sr"):
        hidden.extract()
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")] for row in page.select("tbody tr")]


def add_opt_outs(store: Store, number: int, counts: dict[str, int]) -> None:
    record_opt_out_version(
        store, actor=BY, event="optouts.loaded", number=number, sha256=f"{number:064d}", policy="2025-10",
        counts=counts, detail={}, install=lambda: None,
    )  # fmt: skip


def test_empty_pages_say_what_comes_first(visit: Visit) -> None:
    assert "No delivery yet" in read(visit, "/deliveries")
    assert "No region yet" in read(visit, "/regions")
    assert "No opt-outs are loaded" in read(visit, "/opt-outs")
    assert "No data yet: sde extract build dementia-nation" in read(visit, "/extracts")
    assert "The keeper has not looked yet" in read(visit)


def test_what_the_keeper_warns_of_stands_on_top(visit: Visit, demo_register: Store) -> None:
    warning = DutyWarning("opt-out-answer-ends", "The answer ends soon.", "Ask again.")
    record_duty(demo_register, actor=KEEPER, duty="watch-region", state=DutyState.DONE)
    answered, until = now() - timedelta(days=6), now() + timedelta(days=1)
    record_duty(
        demo_register, actor=KEEPER, duty="watch-answer", state=DutyState.WARNED,
        done_for=f"{answered.isoformat()}/{until.isoformat()}", warnings=[warning],
    )  # fmt: skip
    page = read(visit)
    assert "The answer ends soon. Ask again." in page
    assert f"{answered.day} {answered:%b %Y} , believed until {until.day} {until:%b %Y}" in page
    assert "Watch the region ● Done" in page


def test_every_duty_of_the_keeper_has_words_here() -> None:
    assert set(DUTY_NAMES) == {duty.name for duty in DUTIES}


def test_deliveries_with_their_share_in_quarantine(visit: Visit, demo_register: Store) -> None:
    add_delivery(demo_register, "d1", DeliveryState.ACCEPTED, rows=1000, quarantined=5)
    add_delivery(demo_register, "d2", DeliveryState.HELD, feed="mental_health", rows=200, quarantined=50)
    add_delivery(demo_register, "d3", DeliveryState.RECEIVED)
    rows = rows_of(visit, "/deliveries")
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("Mental health d2", "25.00 %", "▲ Waits for you"),
        ("GP d3", "0.00 %", "◆ Landing"),
        ("GP d1", "0.50 %", "● Accepted"),
    ]


@pytest.mark.parametrize(("verb", "state"), [("accept", "accepted"), ("reject", "rejected")])
def test_a_steward_decides_with_a_reason_and_it_is_on_record(
    verb: str, state: str, visit: Visit, demo_register: Store, form_token: str
) -> None:
    add_delivery(demo_register, "d2", DeliveryState.HELD)
    client, url = visit("steward"), f"{DATA}/deliveries/d2/{verb}"
    refused = client.post(url, data={"xsrf": form_token, "reason": "  "})
    assert refused.status_code == 422
    assert "Reason is missing" in refused.text
    answer = client.post(url, data={"xsrf": form_token, "reason": "Known gap of <May>"})
    assert answer.status_code == 303
    assert f"is {state}" in client.get(answer.headers["location"]).text
    with demo_register.reading() as session:
        assert find_delivery(session, "d2").state == state
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc())).first()
        assert event is not None
        assert (event.event, event.actor) == (f"delivery.{state}", "steward")
    page = client.get(f"{DATA}/deliveries").text
    assert "Known gap of &lt;May&gt;" in page
    again = client.post(url, data={"xsrf": form_token, "reason": "again"})
    assert again.status_code == 422
    assert "delivery-state" in again.text


def test_a_delivery_that_does_not_wait_cannot_be_decided(visit: Visit, demo_register: Store, form_token: str) -> None:
    add_delivery(demo_register, "d1", DeliveryState.RECEIVED)
    for delivery in ("d1", "nothing"):
        url = f"{DATA}/deliveries/{delivery}/accept"
        assert visit("steward").post(url, data={"xsrf": form_token, "reason": "why"}).status_code == 422
    assert 'formaction="' not in visit("steward").get(f"{DATA}/deliveries").text


@pytest.mark.parametrize("who", ["researcher-c", "checker-a", "keyholder-a", "clinician"])
def test_nobody_else_decides(who: str, visit: Visit, demo_register: Store, form_token: str) -> None:
    add_delivery(demo_register, "d2", DeliveryState.HELD)
    answer = visit(who).post(f"{DATA}/deliveries/d2/accept", data={"xsrf": form_token, "reason": "why"})
    assert answer.status_code == 403
    with demo_register.reading() as session:
        assert find_delivery(session, "d2").state == "held"


def test_regions_newest_first_and_few_people_are_not_counted_out(visit: Visit, demo_register: Store) -> None:
    for name, people in (("r1", 9), ("r2", 20_000)):
        record_region(
            demo_register, actor=BY, folder=name, sha256="0" * 64, deliveries=("a", "b"), people=people, rows=5
        )
    rows = rows_of(visit, "/regions")
    assert [(row[0], row[2], row[5]) for row in rows] == [("r2", "20,000", "● In force"), ("r1", "<10", "○ Earlier")]


def test_opt_outs_by_kind(visit: Visit, demo_register: Store) -> None:
    add_opt_outs(demo_register, 1, {"type_1.active": 12})
    add_opt_outs(demo_register, 2, {"type_1.active": 1300, "gdpr_objection.upheld": 3, "national.active": 0})
    rows = rows_of(visit, "/opt-outs")
    assert rows[:3] == [
        ["GDPR objection", "upheld", "<10"],
        ["National data opt-out", "active", "0"],
        ["Type 1 (GP records)", "active", "1,300"],
    ]
    assert [row[0] for row in rows[3:]] == ["2", "1"]


def test_extracts_say_what_is_newer(visit: Visit, demo_register: Store) -> None:
    record_region(demo_register, actor=BY, folder="r1", sha256="0" * 64, deliveries=(), people=50, rows=5)
    add_opt_outs(demo_register, 1, {})

    def cut(project: str, region: str, number: int) -> None:
        label = f"{number}/2026-01-01/2025-10/fresh/{number:064d}"
        background = Background(ExtractOrigin.REGION, region_version=region, opt_out_version=label)
        record_extract(
            demo_register, actor=BY, slug=project, folder=f"{project}/{region}", sha256="0" * 64, people=9, rows=100,
            background=background,
        )  # fmt: skip

    cut("diabetes-care", "r0", 1)
    cut("diabetes-care", "r1", 1)
    cut("winter-pressure", "r0", 0)
    record_extract(demo_register, actor=BY, slug="gi-bleed", folder="g/1", sha256="0" * 64, people=2694, rows=7)
    found = {row[0]: row for row in rows_of(visit, "/extracts")}
    diabetes = found["Control and complications of type 2 diabetes"]
    assert (diabetes[1], diabetes[2], diabetes[4]) == ("Local research", "the region", "<10")
    assert diabetes[6] == "● Nothing is newer"
    assert "1 earlier kept" in diabetes[3]
    assert found["Emergency care in the winter months"][6] == "◆ The region is newer ▲ Opt-outs are newer"
    bleeding = found["Gastrointestinal bleeding after NSAIDs and coxibs"]
    assert (bleeding[2], bleeding[6]) == ("another database", "-")


def test_the_way_there_is_shown_to_stewards_only(visit: Visit, settings: Settings) -> None:
    for who, shown in (("steward", True), ("admin", True), ("researcher-c", False), ("keyholder-a", False)):
        page: Any = BeautifulSoup(visit(who).get(f"{PREFIX}/").text, "html.parser")
        assert bool(page.select('.main-nav a[href$="/portal/data"]')) is shown, who

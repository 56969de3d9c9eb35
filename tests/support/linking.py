"""Stages a few people in a few feeds, links them, and tells who was linked to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from governance.settings import Settings
from intake.linkage import LinkReport, link_people
from intake.places import IntakePlaces
from tests.support.staged_feeds import StagedDelivery, stage, valid_number


@dataclass(frozen=True)
class Facts:
    """Who somebody is, or is said to be."""

    number: str | None
    birth: date | None
    sex: str | None
    postcode: str | None
    surname: str | None
    forename: str | None

    def but(self, **facts: object) -> Facts:
        """The same with other facts."""
        return replace(self, **facts)


ANNA = Facts(valid_number(1), date(1970, 5, 17), "2", "AB1 2CD", "O'Brien", "Anna")
BEN = Facts(valid_number(2), date(1981, 11, 3), "1", "AB1 3XY", "Smith", "Ben")


@dataclass
class LinkingLab:
    """One gateway's identifiable zone."""

    settings: Settings
    places: IntakePlaces
    deliveries: list[StagedDelivery] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path) -> LinkingLab:
        """Below an empty folder."""
        settings = Settings(state=folder / "state", intake_memory_bytes=512 * 2**20)
        return cls(settings, IntakePlaces.of(settings))

    def register(self, *people: Facts, period: str = "2024-03-31", practice: str = "P1") -> StagedDelivery:
        """A delivery of the GP feed that registers these people."""
        rows = [
            {
                "NHS_NUMBER": each.number,
                "DATE_OF_BIRTH": each.birth,
                "SEX": each.sex,
                "POSTCODE": each.postcode,
                "SURNAME": each.surname,
                "FORENAME": each.forename,
                "PRACTICE": practice,
                "REPORTING_PERIOD_END_DATE": period,
            }
            for each in people
        ]
        return self._stage("gp", "patient", rows)

    def admit(self, *people: Facts) -> StagedDelivery:
        """A delivery of the hospital feed with one episode each."""
        rows = [
            {
                "NHS_NUMBER": each.number,
                "DATE_OF_BIRTH": each.birth,
                "SEX": each.sex,
                "POSTCODE": each.postcode,
                "SURNAME": each.surname,
                "FORENAME": each.forename,
                "EPISTART": "2023-01-01",
            }
            for each in people
        ]
        return self._stage("hospital", "apc", rows)

    def see(self, local: str, who: Facts, *, month: int = 1400, submission: int = 1) -> StagedDelivery:
        """A delivery of the mental health feed with one patient, who has no name there."""
        row = {
            "OrgIDProv": "M1",
            "Person_ID": local,
            "NHSNumber": who.number,
            "PersonBirthDate": who.birth,
            "Gender": who.sex,
            "Postcode": who.postcode,
            "UniqMonthID": month,
            "UniqSubmissionID": submission,
        }
        return self._stage("mental_health", "mpi", [row])

    def assess(self, local: str, who: Facts, *, day: str = "2023-01-01") -> StagedDelivery:
        """A delivery of the social care feed with one event; year and month of birth only."""
        row = {
            "LA_Code": "L1",
            "Person_ID": local,
            "NHS_Number": who.number,
            "Der_Birth_Year": who.birth.year if who.birth else None,
            "Der_Birth_Month": who.birth.month if who.birth else None,
            "Sex": who.sex,
            "Postcode": who.postcode,
            "Surname": who.surname,
            "Forename": who.forename,
            "Event_Start_Date": day,
        }
        return self._stage("social_care", "event", [row])

    def link(self) -> LinkReport:
        """Link all that is staged."""
        return link_people(self.settings, self.deliveries)

    def linked(self, feed: str) -> list[tuple[str | None, int]]:
        """For each identity of the feed, in the order of its facts: number of the person linked to, and the rank."""
        order = "i.nhs_number, i.birth, i.sex, i.postcode, i.surname, i.forename"
        rows = self.ask(
            "SELECT CAST(p.nhs_number AS VARCHAR), l.match_rank FROM link l JOIN identity i USING (feed, person_ref) "
            f"LEFT JOIN person p USING (person_id) WHERE feed = '{feed}' ORDER BY {order}"
        )
        return [(None if number is None else str(number), int(str(rank))) for number, rank in rows]

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Rows from the spine in force."""
        with duckdb.connect(str(self.places.spine), read_only=True) as connection:
            return list(connection.execute(sql).fetchall())

    def refused(self) -> list[str]:
        """Reasons in the spine, sorted."""
        return [str(reason) for (reason,) in self.ask("SELECT reason FROM refused ORDER BY ALL")]

    def _stage(self, feed: str, table: str, rows: Sequence[dict[str, object]]) -> StagedDelivery:
        number = len(self.deliveries) + 1
        self.deliveries.append(stage(self.places, feed, {table: rows}, number=number))
        return self.deliveries[-1]

"""A register and opt-outs for the keeper: versions of the region, extracts cut from it, choices with days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from governance.clock import now, today
from governance.registry import Background, current_region, record_extract, record_region
from governance.registry.keeper import DutyView, list_duties
from governance.registry.opt_outs import record_opt_out_version
from governance.roles import ExtractOrigin
from governance.settings import Settings
from governance.store import Store
from intake.keeper.children import Ran
from intake.keeper.ground import Ground
from intake.optouts.database import SCHEMA
from intake.optouts.policy import policy_on
from intake.optouts.version import AnswerState, OptOutLabel
from intake.places import IntakePlaces

BY = "service:test"
POLICY = "test"


@dataclass
class KeeperWorld:
    """What a test changes, and what it sees of the keeper. `asked`: commands that duties ran."""

    settings: Settings
    store: Store
    asked: list[tuple[str, ...]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    says: str = ""  # what a refused command prints

    @property
    def ground(self) -> Ground:
        return Ground(self.settings, self.store, self._run)

    def _run(self, settings: Settings, arguments: tuple[str, ...]) -> Ran:
        assert settings is self.settings
        self.asked.append(arguments)
        if self.refuses & set(arguments):
            return Ran(1, self.says)
        if arguments[:2] == ("extract", "refresh"):
            self.cut(arguments[2])
        if arguments == ("optout", "report"):
            page = IntakePlaces.of(settings).reports / "optouts" / f"{self.number}.html"
            page.parent.mkdir(exist_ok=True)
            page.touch()
        return Ran(0)

    def asked_now(self) -> list[tuple[str, ...]]:
        """The commands since this was asked last."""
        asked, self.asked[:] = list(self.asked), []
        return asked

    def duty(self, name: str) -> DutyView:
        with self.store.reading() as session:
            return next(duty for duty in list_duties(session) if duty.name == name)

    def codes(self, name: str) -> list[str]:
        return [warning.code for warning in self.duty(name).warnings]

    def region(self, name: str, deliveries: tuple[str, ...] = ()) -> None:
        """A version of the region, in force from now on."""
        (self.settings.folder.region / name).mkdir()
        record_region(
            self.store, actor=BY, folder=name, sha256="0" * 64, deliveries=deliveries, people=100, rows=1000
        )  # fmt: skip

    def cut(self, project: str) -> None:
        """What `sde extract refresh` leaves in the register."""
        with self.store.reading() as session:
            region = current_region(session)
        label = OptOutLabel(self.number, today(), policy_on(today()).name, AnswerState.FRESH, self.digest)
        background = Background(
            ExtractOrigin.REGION, region_version=region.id if region else "", opt_out_version=str(label)
        )
        folder = f"{project}/{now():%Y%m%dT%H%M%S%f}"
        record_extract(
            self.store, actor=BY, slug=project, folder=folder, sha256="0" * 64, people=1, rows=1, background=background
        )

    number: int = 0
    digest: str = "0" * 64

    @property
    def file(self) -> Path:
        return IntakePlaces.of(self.settings).opt_outs

    def opt_out(self, *choices: tuple[int, str, date | None, date | None]) -> None:
        """Load choices of Type 1 (number, status, from, to) as a new version."""
        self.number, self.digest = self.number + 1, f"{self.number + 1:064d}"
        if self.number == 1:
            with duckdb.connect(str(self.file)) as made:
                made.execute(SCHEMA)

        def install() -> None:
            with duckdb.connect(str(self.file)) as opened:
                moment = now().replace(tzinfo=None)
                opened.execute(
                    "INSERT INTO version VALUES (?, 'loaded', ?, ?, '', ''::BLOB, ?, ?, '{}')",
                    [self.number, BY, moment, self.digest, POLICY],
                )
                for nhs_number, status, starts, ends in choices:
                    opened.execute(
                        "INSERT INTO choice VALUES (?, ?, 'type_1', '', ?, ?, ?)",
                        [self.number, nhs_number, status, starts, ends],
                    )

        record_opt_out_version(
            self.store,
            actor=BY,
            event="optouts.loaded",
            number=self.number,
            sha256=self.digest,
            policy=POLICY,
            counts={},
            detail={},
            install=install,
        )

    def answered(self, moment: datetime) -> None:
        """The check service answered then."""
        with duckdb.connect(str(self.file)) as opened:
            plain = moment.replace(tzinfo=None)
            opened.execute(
                "INSERT INTO answer VALUES (?, 1, ?, ?, '', 10, 9)", [self.number, plain, plain + timedelta(minutes=1)]
            )

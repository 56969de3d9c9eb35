"""Tables of the calibration of output checkers: which requests are planted, and what each checker said of one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, LongText, Name


class EgressPlant(Base):
    """A request that nobody made: the service planted it to see what output checkers find. `item`: its name in the
    library; `leaks`: whether it should be refused; `told`: what is planted, in words, for whoever has voted. After
    `ends_at` nobody is shown it. `gap`: how many reviews may pass before a checker is given the next."""

    __tablename__ = "egress_plant"

    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), primary_key=True)
    item: Mapped[Name]
    leaks: Mapped[bool]
    told: Mapped[LongText]
    planted_by: Mapped[Name]
    planted_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    gap: Mapped[int]


class EgressPlantAnswer(Base):
    """One checker's vote on a planted request. The first one counts, because what is planted is told right after it."""

    __tablename__ = "egress_plant_answer"
    __table_args__ = (UniqueConstraint("request_id", "checker"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_plant.request_id"))
    checker: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    decision: Mapped[Name]
    voted_at: Mapped[datetime]

"""Table of the keeper's duties: what each of them did last and what it warns of. Promise: no value of the data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Key, LongText, Name


class KeeperDuty(Base):
    """One duty. `state`: done, warned or failed; `done_for`: the night or the state of the data that was last dealt
    with; `warnings`: JSON, a list of code, message and remedy; `changed_at`: when any of these changed."""

    __tablename__ = "keeper_duty"

    name: Mapped[Key]
    state: Mapped[Name]
    done_for: Mapped[Name] = mapped_column(default="")
    warnings: Mapped[LongText] = mapped_column(default="[]")
    changed_at: Mapped[datetime]

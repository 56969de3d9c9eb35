"""Tables of the history of answers: which sets of people were asked about on a data cut, and what was said of each.

Promise: nothing true is in here. A sketch tells nothing without the secret of the cut, a value has already been
published, and how many people stand behind it is not kept.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Double, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, Name

SKETCH_BYTES = 32


class ReleasedSeries(Base):
    """One kind of number on one cut; only values of one series are ever compared. `cut` is the SHA-256 of the source
    that the extracts were built from, `name` the guard's own word, e.g. `people` or `quantile 0.5`."""

    __tablename__ = "released_series"
    __table_args__ = (UniqueConstraint("cut", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cut: Mapped[Digest]
    name: Mapped[Name]


class ReleasedCell(Base):
    """An anchor: a set that was asked about and the value it was given (NULL: hidden). Written once, never changed.

    `sketch` covers the set the number rests on; `people` covers its people where the sketch is over contributions.
    `contributors` is how many people are in it (-1: not on record).
    `chain` is the id of the oldest anchor that this one's value goes back to, its own if it was given its own value.
    Ids are given by the guard inside the write transaction, in the order of the answers.
    """

    __tablename__ = "released_cell"
    __table_args__ = (
        Index("ix_released_cell_series", "series_id", "id"),
        Index("ix_released_cell_walk", "subject", "day", "chain"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    series_id: Mapped[int] = mapped_column(ForeignKey("released_series.id"))
    sketch: Mapped[bytes] = mapped_column(LargeBinary(SKETCH_BYTES))
    people: Mapped[bytes | None] = mapped_column(LargeBinary(SKETCH_BYTES))
    contributors: Mapped[int] = mapped_column(server_default=text("-1"))
    value: Mapped[float | None] = mapped_column(Double)
    chain: Mapped[int]
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"))
    day: Mapped[date]
    receipt_id: Mapped[str] = mapped_column(ForeignKey("query_receipt.id"))

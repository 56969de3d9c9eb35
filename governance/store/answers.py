"""Tables of provenance: what each answer said, which cells of a submitted file came from there, and what was released.

Promise: no true number is in here. An answer's cells have been published, a file's cells are its author's own.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, LongText, Name


class QueryAnswer(Base):
    """What an answer said (`governance.answers`, packed), written with its receipt and forgotten after `kept_until`.
    `cut`: SHA-256 of the source that the data was cut from."""

    __tablename__ = "query_answer"

    receipt_id: Mapped[str] = mapped_column(ForeignKey("query_receipt.id"), primary_key=True)
    cut: Mapped[Digest]
    kept_until: Mapped[datetime] = mapped_column(index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class EgressMatch(Base):
    """One table of a submitted file beside the answers (`egress.provenance.records`, packed): for each number which
    answer cell it came from, if any. `place`: where in the file; `number`: which of its tables, from 0."""

    __tablename__ = "egress_match"
    __table_args__ = (UniqueConstraint("file_id", "turn", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("egress_file.id"))
    turn: Mapped[int]
    number: Mapped[int]
    place: Mapped[LongText]
    cut: Mapped[str] = mapped_column(default="", server_default="")
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ReleasedTable(Base):
    """The cells of one table that left (packed as in EgressMatch), to compare later ones with. `cut`: as in
    QueryAnswer, empty if not known."""

    __tablename__ = "released_table"
    __table_args__ = (Index("ix_released_table_cut", "cut", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("egress_request.id"), index=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    file_name: Mapped[Name]
    place: Mapped[LongText]
    cut: Mapped[str] = mapped_column(default="", server_default="")
    released_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary)

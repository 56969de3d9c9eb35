"""Table of feasibility questions: what somebody asked before applying, and what they were told. Never deleted. Promise:
an answer in here has been rounded and hidden; no SQL is in here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, LongText, Name


class FeasibilityQuestion(Base):
    """One question. `document`: JSON of a governance.feasibility.Wish or Search; `state`: waiting, answered or refused;
    `answer`: JSON, what the person is told; `code`: of the refusal."""

    __tablename__ = "feasibility_question"
    __table_args__ = (
        Index("ix_feasibility_question_state", "state", "id"),
        Index("ix_feasibility_question_own", "subject", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    kind: Mapped[Name]
    document: Mapped[LongText]
    state: Mapped[Name]
    code: Mapped[Name] = mapped_column(default="", server_default="")
    answer: Mapped[LongText] = mapped_column(default="", server_default="")
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

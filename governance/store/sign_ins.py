"""Table of sign-ins: when a person last signed in, and when they signed out of every browser at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base


class SignIn(Base):
    """One row a person. `signed_out_at`: every session that began before is over. `forgotten_at`: when the hub last
    forgot the browsers of that sign-out; the audit chain has the history."""

    __tablename__ = "sign_in"

    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), primary_key=True)
    signed_in_at: Mapped[datetime]
    signed_out_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]

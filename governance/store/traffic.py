"""Table of what passed between browsers and workspaces, for the caps that hold across restarts."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base


class WorkspaceTraffic(Base):
    """One person's traffic in one project on one day (UTC). Bytes of bodies and WebSocket messages: `out_bytes` from
    the workspace to the browser, `into_bytes` the other way."""

    __tablename__ = "workspace_traffic"

    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, default=0)
    out_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    into_bytes: Mapped[int] = mapped_column(BigInteger, default=0)

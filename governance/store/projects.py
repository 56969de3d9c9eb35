"""Tables of projects: the project, its members, its data grants and its extract."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from governance.disclosure import CELLS_A_DAY
from governance.store.approvals import ProjectApproval
from governance.store.base import Base, Digest, Key, LongText, Name


class Project(Base):
    """An approved purpose with an end date. `status`: draft, active, suspended or closed. `budget_cells`: how many
    cells each member may be told a day (UTC). `terminals`: whether its workspaces have a terminal. `sensitive`: its
    sources ask for one more output checker and the controller's decision before anything is released."""

    __tablename__ = "project"

    slug: Mapped[Key]
    title: Mapped[Name]
    lay_summary: Mapped[LongText] = mapped_column(default="")
    purpose: Mapped[Name]
    mode: Mapped[Name]
    profile: Mapped[Name]
    status: Mapped[Name] = mapped_column(default="active")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    created_at: Mapped[datetime]
    budget_cells: Mapped[int] = mapped_column(default=CELLS_A_DAY, server_default=text(str(CELLS_A_DAY)))
    terminals: Mapped[bool] = mapped_column(default=False, server_default=false())
    sensitive: Mapped[bool] = mapped_column(default=False, server_default=false())

    memberships: Mapped[list[Membership]] = relationship(lazy="selectin", order_by="Membership.id")
    approvals: Mapped[list[ProjectApproval]] = relationship(lazy="selectin", order_by="ProjectApproval.id")
    grants: Mapped[list[DataGrant]] = relationship(lazy="selectin", order_by="DataGrant.id")


class Membership(Base):
    """One person in one project, with dates. Never deleted: removal sets `removed_at`."""

    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    role: Mapped[Name]
    starts_on: Mapped[date]
    until: Mapped[date]
    removed_at: Mapped[datetime | None]


class DataGrant(Base):
    """A table a project may name. `columns` is comma-separated, or empty for every column of the table;
    `table_name` "*" means every table of the extract. `starts_on`, `ends_on`: only rows of these days (empty: all);
    `codes`: only rows with one of these concept ids (comma-separated; empty: all). Extracts are cut to all of it."""

    __tablename__ = "data_grant"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    table_name: Mapped[Name]
    columns: Mapped[LongText] = mapped_column(default="")
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    codes: Mapped[LongText] = mapped_column(default="", server_default="")
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class IntendedOutput(Base):
    """What a project's application said would be published, e.g. a table of a paper. Never deleted: taken off the list
    it keeps its row with `withdrawn_at`, because requests name it."""

    __tablename__ = "intended_output"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    title: Mapped[Name]
    description: Mapped[LongText] = mapped_column(default="")
    added_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ProjectCohort(Base):
    """Which people a project's extracts hold, as JSON; the newest is in force, none means everybody."""

    __tablename__ = "project_cohort"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    document: Mapped[LongText]
    set_at: Mapped[datetime]


class Extract(Base):
    """A read-only extract of a project; the newest one is in force. `folder` is relative to the extracts folder.
    `origin`: `region`, or `adopted` from another database. `purpose`: under which opt-outs were applied.
    `region_version`, `opt_out_version`: what it was cut from (empty where adopted)."""

    __tablename__ = "extract"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    folder: Mapped[Name]
    sha256: Mapped[Digest]
    people: Mapped[int]
    rows: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    origin: Mapped[Name] = mapped_column(default="adopted", server_default="adopted")
    purpose: Mapped[Name] = mapped_column(default="", server_default="")
    region_version: Mapped[Name] = mapped_column(default="", server_default="")
    opt_out_version: Mapped[Name] = mapped_column(default="", server_default="")
    destroyed_at: Mapped[datetime | None]

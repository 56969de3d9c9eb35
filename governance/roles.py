"""Words of approval as data: service roles, project roles, purposes, modes, project states."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may hold in the service as a whole."""

    OUTPUT_CHECKER = "output_checker"
    ADMINISTRATOR = "administrator"
    DATA_STEWARD = "data_steward"
    AUDITOR = "auditor"


class ProjectRole(StrEnum):
    """What a person may be in one project."""

    RESEARCHER = "researcher"
    PRINCIPAL_INVESTIGATOR = "principal_investigator"


class Purpose(StrEnum):
    """Why the data is used; decides which opt-outs apply."""

    LOCAL_PLANNING = "local_planning"
    LOCAL_RESEARCH = "local_research"
    NATIONAL = "national"


class Mode(StrEnum):
    """What the guard answers: protected aggregates only, or rows by explicit grant."""

    AGGREGATE = "aggregate"
    RECORD_LEVEL = "record_level"


class ProjectStatus(StrEnum):
    """Where a project is in its life."""

    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"

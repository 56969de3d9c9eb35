"""Words of approval as data: service roles, project roles, purposes, modes, project states."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

#: The project on whose data feasibility counts are answered; nobody can be a member of it.
FEASIBILITY_PROJECT = "feasibility"
ALL_TABLES = "*"  # a grant of every table of the project's extract


class Role(StrEnum):
    """What a person may hold in the service as a whole."""

    OUTPUT_CHECKER = "output_checker"
    ADMINISTRATOR = "administrator"
    DATA_STEWARD = "data_steward"
    AUDITOR = "auditor"
    KEYHOLDER = "keyholder"  # one of two who must both agree before anybody is re-identified


class OrganisationKind(StrEnum):
    """What a trusted organisation is."""

    NHS_BODY = "nhs_body"
    LOCAL_AUTHORITY = "local_authority"
    UNIVERSITY = "university"
    GOVERNMENT = "government"
    CHARITY = "charity"
    COMPANY = "company"
    OTHER = "other"


class ProjectRole(StrEnum):
    """What a person may be in one project."""

    RESEARCHER = "researcher"
    PRINCIPAL_INVESTIGATOR = "principal_investigator"


class Capability(StrEnum):
    """What a course may be required for. Beside the first two, each is the value of a Role or ProjectRole."""

    EVERYBODY = "everybody"  # nothing at all without it
    HOLDER = "holder"  # whoever ever took it must keep it in force, to do anything
    RESEARCHER = "researcher"
    PRINCIPAL_INVESTIGATOR = "principal_investigator"
    OUTPUT_CHECKER = "output_checker"
    ADMINISTRATOR = "administrator"
    DATA_STEWARD = "data_steward"
    AUDITOR = "auditor"
    KEYHOLDER = "keyholder"


class ApprovalKind(StrEnum):
    """What a project is approved by."""

    ETHICS = "ethics"
    DPIA = "dpia"
    LEGAL_BASIS = "legal_basis"
    SPONSOR = "sponsor"
    CONTROLLER_AGREEMENT = "controller_agreement"  # one for each controller whose data it uses


class StopScope(StrEnum):
    """What the kill switch stops."""

    EGRESS = "egress"
    PROJECT = "project"
    PERSON = "person"


class Purpose(StrEnum):
    """Why the data is used; decides which opt-outs apply."""

    LOCAL_PLANNING = "local_planning"
    LOCAL_RESEARCH = "local_research"
    NATIONAL = "national"


class ExtractOrigin(StrEnum):
    """What an extract was cut from."""

    REGION = "region"
    ADOPTED = "adopted"  # another OMOP database


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


#: Which states a project may move to. A closed project is never opened again.
PROJECT_STATUS_MOVES: Mapping[ProjectStatus, frozenset[ProjectStatus]] = {
    ProjectStatus.DRAFT: frozenset({ProjectStatus.ACTIVE, ProjectStatus.CLOSED}),
    ProjectStatus.ACTIVE: frozenset({ProjectStatus.SUSPENDED, ProjectStatus.CLOSED}),
    ProjectStatus.SUSPENDED: frozenset({ProjectStatus.ACTIVE, ProjectStatus.CLOSED}),
    ProjectStatus.CLOSED: frozenset(),
}

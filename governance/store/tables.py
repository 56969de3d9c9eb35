"""Every table, in one import (Alembic and the rooms read them from here)."""

from governance.store.airlock import (
    EgressComment,
    EgressFile,
    EgressFinding,
    EgressGroup,
    EgressRelease,
    EgressReleasedFile,
    EgressRequest,
    EgressTurn,
    EgressVote,
    ReleaseLink,
)
from governance.store.answers import EgressMatch, QueryAnswer, ReleasedTable
from governance.store.applications import (
    Application,
    ApplicationMessage,
    ApplicationNotice,
    ApplicationVersion,
    ExtractOrder,
    OfferedData,
    ProjectCondition,
)
from governance.store.approvals import ApprovalRule, ProjectApproval
from governance.store.audit_log import AuditEvent
from governance.store.base import Base
from governance.store.calibration import EgressPlant, EgressPlantAnswer
from governance.store.channels import Channel, QueryReceipt
from governance.store.closing import CloseOut, CloseOutPart
from governance.store.feasibility import FeasibilityQuestion
from governance.store.incidents import Incident, IncidentNote
from governance.store.intake import (
    Delivery,
    OptOutVersion,
    RegionVersion,
    ReidentificationApproval,
    ReidentificationRequest,
    SealingKey,
)
from governance.store.keeper import KeeperDuty
from governance.store.monitoring import Alarm, MonitoringMark
from governance.store.notices import MailAddress, Notice
from governance.store.people import (
    Affiliation,
    Organisation,
    OrganisationAgreement,
    Person,
    PersonRole,
    TrainingRecord,
)
from governance.store.projects import DataGrant, Extract, IntendedOutput, Membership, Project, ProjectCohort
from governance.store.publication import ProjectPublication, PublishedOutput
from governance.store.released import ReleasedCell, ReleasedSeries
from governance.store.review import (
    ControllerAnswer,
    ControllerDelegate,
    ReviewDeclaration,
    ReviewMember,
    ReviewRound,
    ReviewRuleVersion,
    ReviewVote,
    SourceController,
)
from governance.store.sign_ins import SignIn
from governance.store.sources import DataSource
from governance.store.stops import Reminder, Stop
from governance.store.traffic import WorkspaceTraffic
from governance.store.training import Course, CourseIssuer

__all__ = [
    "Affiliation",
    "Alarm",
    "Application",
    "ApplicationMessage",
    "ApplicationNotice",
    "ApplicationVersion",
    "ApprovalRule",
    "AuditEvent",
    "Base",
    "Channel",
    "CloseOut",
    "CloseOutPart",
    "ControllerAnswer",
    "ControllerDelegate",
    "Course",
    "CourseIssuer",
    "DataGrant",
    "DataSource",
    "Delivery",
    "EgressComment",
    "EgressFile",
    "EgressFinding",
    "EgressGroup",
    "EgressMatch",
    "EgressPlant",
    "EgressPlantAnswer",
    "EgressRelease",
    "EgressReleasedFile",
    "EgressRequest",
    "EgressTurn",
    "EgressVote",
    "Extract",
    "ExtractOrder",
    "FeasibilityQuestion",
    "Incident",
    "IncidentNote",
    "IntendedOutput",
    "KeeperDuty",
    "MailAddress",
    "Membership",
    "MonitoringMark",
    "Notice",
    "OfferedData",
    "OptOutVersion",
    "Organisation",
    "OrganisationAgreement",
    "Person",
    "PersonRole",
    "Project",
    "ProjectApproval",
    "ProjectCohort",
    "ProjectCondition",
    "ProjectPublication",
    "PublishedOutput",
    "QueryAnswer",
    "QueryReceipt",
    "RegionVersion",
    "ReidentificationApproval",
    "ReidentificationRequest",
    "ReleaseLink",
    "ReleasedCell",
    "ReleasedSeries",
    "ReleasedTable",
    "Reminder",
    "ReviewDeclaration",
    "ReviewMember",
    "ReviewRound",
    "ReviewRuleVersion",
    "ReviewVote",
    "SealingKey",
    "SignIn",
    "SourceController",
    "Stop",
    "TrainingRecord",
    "WorkspaceTraffic",
]

"""The register's actions: each one transaction, one change, one audit event, every input checked."""

from governance.registry.addresses import set_mail_address
from governance.registry.approvals import Approval, record_approval, require_approval, withdraw_approval
from governance.registry.authority import operator
from governance.registry.cell_budget import CellBudget, cell_budget, check_cells_left
from governance.registry.cohorts import clear_cohort, project_cohort, set_cohort
from governance.registry.courses import distrust_issuer, set_course, trust_issuer, withdraw_course
from governance.registry.extracts import Background, current_extract, destroy_extract, list_extracts, record_extract
from governance.registry.foundation import initialise
from governance.registry.grants import GrantRule, grant_rules, grant_table, live_grants, revoke_grant
from governance.registry.intended import add_intended_output, list_intended_outputs, withdraw_intended_output
from governance.registry.members import add_member, remove_member
from governance.registry.organisations import (
    add_organisation,
    change_organisation,
    record_agreement,
    renew_agreement,
    withdraw_agreement,
)
from governance.registry.people import (
    add_person,
    end_affiliation,
    give_role,
    record_affiliation,
    restore_person,
    suspend_person,
    withdraw_role,
)
from governance.registry.projects import change_project, create_project
from governance.registry.publication import (
    Publication,
    add_published,
    describe_project,
    list_published,
    withdraw_published,
)
from governance.registry.regions import current_region, record_region
from governance.registry.sign_outs import end_sessions
from governance.registry.stops import list_stops, resume, stop
from governance.registry.training import record_training, withdraw_training

__all__ = [
    "Approval",
    "Background",
    "CellBudget",
    "GrantRule",
    "Publication",
    "add_intended_output",
    "add_member",
    "add_organisation",
    "add_person",
    "add_published",
    "cell_budget",
    "change_organisation",
    "change_project",
    "check_cells_left",
    "clear_cohort",
    "create_project",
    "current_extract",
    "current_region",
    "describe_project",
    "destroy_extract",
    "distrust_issuer",
    "end_affiliation",
    "end_sessions",
    "give_role",
    "grant_rules",
    "grant_table",
    "initialise",
    "list_extracts",
    "list_intended_outputs",
    "list_published",
    "list_stops",
    "live_grants",
    "operator",
    "project_cohort",
    "record_affiliation",
    "record_agreement",
    "record_approval",
    "record_extract",
    "record_region",
    "record_training",
    "remove_member",
    "renew_agreement",
    "require_approval",
    "restore_person",
    "resume",
    "revoke_grant",
    "set_cohort",
    "set_course",
    "set_mail_address",
    "stop",
    "suspend_person",
    "trust_issuer",
    "withdraw_agreement",
    "withdraw_approval",
    "withdraw_course",
    "withdraw_intended_output",
    "withdraw_published",
    "withdraw_role",
    "withdraw_training",
]

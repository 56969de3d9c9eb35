"""The register's actions: each one transaction, one change, one audit event, every input checked."""

from governance.registry.addresses import set_mail_address
from governance.registry.authority import operator
from governance.registry.cell_budget import CellBudget, cell_budget, check_cells_left
from governance.registry.cohorts import clear_cohort, project_cohort, set_cohort
from governance.registry.extracts import Background, current_extract, destroy_extract, list_extracts, record_extract
from governance.registry.foundation import initialise
from governance.registry.grants import GrantRule, grant_rules, grant_table, live_grants, revoke_grant
from governance.registry.intended import add_intended_output, list_intended_outputs, withdraw_intended_output
from governance.registry.members import add_member, remove_member
from governance.registry.organisations import add_organisation, renew_agreement
from governance.registry.people import (
    add_person,
    give_role,
    record_training,
    restore_person,
    suspend_person,
    withdraw_role,
)
from governance.registry.projects import change_project, create_project
from governance.registry.regions import current_region, record_region
from governance.registry.sign_outs import end_sessions

__all__ = [
    "Background",
    "CellBudget",
    "GrantRule",
    "add_intended_output",
    "add_member",
    "add_organisation",
    "add_person",
    "cell_budget",
    "change_project",
    "check_cells_left",
    "clear_cohort",
    "create_project",
    "current_extract",
    "current_region",
    "destroy_extract",
    "end_sessions",
    "give_role",
    "grant_rules",
    "grant_table",
    "initialise",
    "list_extracts",
    "list_intended_outputs",
    "live_grants",
    "operator",
    "project_cohort",
    "record_extract",
    "record_region",
    "record_training",
    "remove_member",
    "renew_agreement",
    "restore_person",
    "revoke_grant",
    "set_cohort",
    "set_mail_address",
    "suspend_person",
    "withdraw_intended_output",
    "withdraw_role",
]

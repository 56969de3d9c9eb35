"""Every route of the portal with the permission it asks for: the one list that the application, the tests and the
documentation read. A route that is not here does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.portal.pages import (
    account,
    administration,
    alarms,
    applications,
    data,
    feasibility,
    home,
    my_project,
    people,
    projects,
    public,
    reidentification,
    reports,
    service,
    standing,
    stops,
    workspace,
)
from hub.portal.permissions import Permission
from hub.portal.portal import PREFIX
from hub.services import LET_IN_PAGE


@dataclass(frozen=True)
class Route:
    """One way in. `path` follows the service's prefix; every POST also needs the session's form token."""

    method: str
    path: str
    permission: Permission
    page: Callable[..., Any]


_P = Permission
_PEOPLE, _PERSON = "/administration/people", "/administration/people/{subject}"
_DATA, _DELIVERY, _REQUEST = "/data", "/data/deliveries/{delivery}", "/reidentification/{request}"
_PUBLIC = "/public"
_APPLICATIONS, _APPLICATION = "/applications", "/applications/{application}"
_PROJECTS, _PROJECT = "/administration/projects", "/administration/projects/{slug}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", _P.ANYONE, service.health),
    Route("GET", "/static/{name}", _P.ANYONE, service.static_file),
    Route("GET", "/oauth_callback", _P.ANYONE, service.return_from_sign_in),
    Route("GET", _PUBLIC, _P.ANYONE, public.start),
    Route("GET", f"{_PUBLIC}/register", _P.ANYONE, public.register),
    Route("GET", f"{_PUBLIC}/register.json", _P.ANYONE, public.register_json),
    Route("GET", f"{_PUBLIC}/register.csv", _P.ANYONE, public.register_csv),
    Route("GET", f"{_PUBLIC}/register/{{slug}}", _P.ANYONE, public.project),
    Route("GET", f"{_PUBLIC}/data", _P.ANYONE, public.data),
    Route("GET", f"{_PUBLIC}/opt-out", _P.ANYONE, public.opt_out),
    Route("GET", f"{_PUBLIC}/safety", _P.ANYONE, public.safety),
    Route("GET", f"{_PUBLIC}/statistics", _P.ANYONE, public.statistics),
    Route("GET", "/", _P.SIGNED_IN, home.home),
    Route("POST", "/reminders/read", _P.SIGNED_IN, home.read_reminders),
    Route("GET", "/projects/{slug}/budget", _P.MEMBER, my_project.release_budget),
    Route("GET", "/account", _P.SIGNED_IN, account.show_account),
    Route("POST", "/account/sign-out", _P.SIGNED_IN, account.sign_out_everywhere),
    Route("GET", _APPLICATIONS, _P.SIGNED_IN, applications.applications),
    Route("POST", _APPLICATIONS, _P.SIGNED_IN, applications.start),
    Route("GET", _APPLICATION, _P.SIGNED_IN, applications.show),
    Route("GET", f"{_APPLICATION}/form/{{section}}", _P.SIGNED_IN, applications.section_form),
    Route("POST", f"{_APPLICATION}/form/{{section}}", _P.SIGNED_IN, applications.save_section),
    Route("POST", f"{_APPLICATION}/act/{{name}}", _P.SIGNED_IN, applications.act),
    Route("GET", "/feasibility", _P.SIGNED_IN, feasibility.feasibility),
    Route("POST", "/feasibility/search", _P.SIGNED_IN, feasibility.search_concepts),
    Route("POST", "/feasibility/count", _P.SIGNED_IN, feasibility.count_people),
    Route("GET", "/egress", _P.SIGNED_IN, home.my_requests),
    Route("GET", "/review", _P.CHECKER, home.review_queue),
    Route("POST", "/workspaces/{slug}/start", _P.MEMBER, workspace.start_workspace),
    Route("GET", "/workspaces/{slug}/starting", _P.MEMBER, workspace.watch_workspace),
    Route("GET", LET_IN_PAGE.removeprefix(PREFIX), _P.SIGNED_IN, workspace.enter_workspace),
    Route("POST", "/workspaces/{slug}/stop", _P.SIGNED_IN, workspace.stop_workspace),
    Route("GET", _DATA, _P.STEWARD, data.overview),
    Route("GET", f"{_DATA}/deliveries", _P.STEWARD, data.deliveries),
    Route("POST", f"{_DELIVERY}/accept", _P.STEWARD, data.accept_delivery),
    Route("POST", f"{_DELIVERY}/reject", _P.STEWARD, data.reject_delivery),
    Route("GET", f"{_DELIVERY}/report", _P.STEWARD, reports.delivery_report),
    Route("GET", f"{_DATA}/regions", _P.STEWARD, data.regions),
    Route("GET", f"{_DATA}/regions/{{version}}/report", _P.STEWARD, reports.region_report),
    Route("GET", f"{_DATA}/opt-outs", _P.STEWARD, data.opt_outs),
    Route("GET", f"{_DATA}/opt-outs/{{number}}/report", _P.STEWARD, reports.opt_out_report),
    Route("GET", f"{_DATA}/extracts", _P.STEWARD, data.extracts),
    Route("GET", f"{_DATA}/extracts/{{number}}/report", _P.STEWARD, reports.extract_report),
    Route("GET", "/reidentification", _P.PARTY, reidentification.my_part),
    Route("POST", f"{_REQUEST}/refuse", _P.PARTY, reidentification.refuse),
    Route("POST", f"{_REQUEST}/withdraw", _P.PARTY, reidentification.withdraw),
    Route("GET", "/administration", _P.OFFICE, administration.overview),
    Route("GET", "/administration/audit", _P.AUDIT_READER, administration.audit_log),
    Route("GET", "/administration/alarms", _P.AUDIT_READER, alarms.alarms),
    Route("POST", "/administration/alarms/{number}/look", _P.AUDITOR, alarms.look_at),
    Route("POST", "/administration/alarms/{number}/close", _P.AUDITOR, alarms.close),
    Route("GET", _PEOPLE, _P.ADMINISTRATOR, people.list_people),
    Route("POST", _PEOPLE, _P.ADMINISTRATOR, people.add_person),
    Route("POST", "/administration/organisations", _P.ADMINISTRATOR, people.add_organisation),
    Route("GET", _PERSON, _P.ADMINISTRATOR, people.show_person),
    Route("POST", f"{_PERSON}/training", _P.ADMINISTRATOR, people.record_training),
    Route("POST", f"{_PERSON}/sign-out", _P.ADMINISTRATOR, people.sign_person_out),
    Route("POST", f"{_PERSON}/suspend", _P.ADMINISTRATOR, people.suspend_person),
    Route("POST", f"{_PERSON}/restore", _P.ADMINISTRATOR, people.restore_person),
    Route("POST", f"{_PERSON}/affiliations", _P.ADMINISTRATOR, standing.record_affiliation),
    Route("POST", f"{_PERSON}/affiliations/end", _P.ADMINISTRATOR, standing.end_affiliation),
    Route("POST", "/administration/agreements", _P.ADMINISTRATOR, standing.record_agreement),
    Route("GET", "/administration/stops", _P.ADMINISTRATOR, stops.list_stops),
    Route("POST", "/administration/stops", _P.ADMINISTRATOR, stops.stop),
    Route("POST", "/administration/stops/resume", _P.ADMINISTRATOR, stops.resume),
    Route("GET", _PROJECTS, _P.PROJECT_READER, projects.list_projects),
    Route("POST", _PROJECTS, _P.ADMINISTRATOR, projects.create_project),
    Route("GET", _PROJECT, _P.PROJECT_READER, projects.show_project),
    Route("POST", f"{_PROJECT}/change", _P.ADMINISTRATOR, projects.change_project),
    Route("POST", f"{_PROJECT}/approvals", _P.PROJECT_READER, standing.record_approval),
    Route("POST", f"{_PROJECT}/members", _P.ADMINISTRATOR, projects.add_member),
    Route("POST", f"{_PROJECT}/members/remove", _P.ADMINISTRATOR, projects.remove_member),
    Route("POST", f"{_PROJECT}/grants", _P.STEWARD, projects.add_grant),
    Route("POST", f"{_PROJECT}/grants/revoke", _P.STEWARD, projects.revoke_grant),
)

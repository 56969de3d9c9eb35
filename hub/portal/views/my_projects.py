"""My projects: each with its standing in words (the very reason of governance.access), its workspace and its dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import check_member_in_force
from governance.clock import today
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from governance.registry import CellBudget, cell_budget, current_extract
from governance.settings import Settings
from governance.store.projects import Membership, Project
from hub.portal.hub_client import HubWorkspace, ServerState
from hub.portal.words import MODES, NOT_IN_FORCE, PROJECT_ROLES, STANDING, Words
from hub.workspace_image import DEFAULT_IMAGE, IMAGES, is_offered

SOON_DAYS = 30  # from here on the end date is called out


@dataclass(frozen=True)
class Standing:
    """Whether a membership counts now; if not, or soon not, why and what to do."""

    badge: Words
    in_force: bool
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class ImageChoice:
    """One image as a start offers it; one that is not installed is shown and cannot be chosen."""

    name: str
    title: str
    about: str
    is_installed: bool


@dataclass(frozen=True)
class ProjectCard:
    """One of my projects. `has_data`: whether an extract is in force; `budget` is None where nothing can be asked;
    `workspace` is None while the hub does not answer; `image` is the one it runs or was last started with, else the
    default."""

    slug: str
    title: str
    summary: str
    role: str
    mode: str
    profile: str
    ends: date
    standing: Standing
    has_data: bool
    budget: CellBudget | None
    workspace: ServerState | None
    workspace_url: str
    image: ImageChoice
    images: tuple[ImageChoice, ...]


def read_project_cards(
    session: Session,
    subject: str,
    servers: Mapping[str, HubWorkspace] | None,
    images: tuple[ImageChoice, ...],
) -> tuple[ProjectCard, ...]:
    """The projects of which the person is a member, those in force first, then by title.

    Args:
        session: of the register.
        subject: the person.
        servers: their workspaces by project; None while the hub does not answer.
        images: what can be chosen at a start, from `read_images`.
    """
    held: dict[str, Membership] = {}
    rows = session.scalars(
        select(Membership).where(Membership.subject == subject, Membership.removed_at.is_(None)).order_by(Membership.id)
    )
    for membership in rows:
        held[membership.project_slug] = membership  # the newest counts
    cards = [_read_card(session, membership, servers, images) for membership in held.values()]
    return tuple(sorted(cards, key=lambda card: (not card.standing.in_force, card.title.casefold())))


def find_standing(session: Session, subject: str, slug: str, ends: date) -> Standing:
    """The standing of one membership. `ends` is the last day of membership or project, whichever comes first."""
    try:
        check_member_in_force(session, subject, slug)
    except Refusal as refusal:
        return Standing(STANDING.get(refusal.code, NOT_IN_FORCE), False, refusal.message, refusal.remedy)
    days = (ends - today()).days
    if days > SOON_DAYS:
        return Standing(Words("Active", "good"), True)
    words = {0: "Ends today", 1: "Ends tomorrow"}.get(days, f"Ends in {days} days")
    return Standing(Words(words, "wait"), True, "", "Ask your project manager for an extension if you need more time.")


def workspace_prefix(subject: str, slug: str) -> str:
    """Below which the hub serves the person's workspace of this project."""
    return f"/user/{quote(subject, safe='@~')}/{quote(slug)}/"


def workspace_url(subject: str, slug: str) -> str:
    """The workspace's JupyterLab."""
    return f"{workspace_prefix(subject, slug)}lab"


def describe_profile(name: str) -> str:
    """A disclosure profile for people: its name and its two numbers."""
    profile = PROFILES.get(name)
    if profile is None:
        return name
    rounding = f", rounded to {profile.round_to}" if profile.round_to > 1 else ""
    return f"{profile.name}: from {profile.threshold} people{rounding}"


def read_images(settings: Settings) -> tuple[ImageChoice, ...]:
    """Every image, in the order in which they are offered."""
    return tuple(ImageChoice(one.name, one.title, one.about, is_offered(one, settings)) for one in IMAGES.values())


def _read_card(
    session: Session,
    membership: Membership,
    servers: Mapping[str, HubWorkspace] | None,
    images: tuple[ImageChoice, ...],
) -> ProjectCard:
    project = session.get_one(Project, membership.project_slug)
    ends = min(project.ends_on, membership.until)
    standing = find_standing(session, membership.subject, project.slug, ends)
    workspace = (servers or {}).get(project.slug, HubWorkspace(ServerState.STOPPED))
    by_name = {choice.name: choice for choice in images}
    return ProjectCard(
        slug=project.slug,
        title=project.title,
        summary=project.lay_summary,
        role=PROJECT_ROLES.get(membership.role, membership.role),
        mode=MODES.get(project.mode, project.mode),
        profile=describe_profile(project.profile),
        ends=ends,
        standing=standing,
        has_data=current_extract(session, project.slug) is not None,
        budget=cell_budget(session, membership.subject, project.slug, today()) if standing.in_force else None,
        workspace=None if servers is None else workspace.state,
        workspace_url=workspace_url(membership.subject, project.slug),
        image=by_name.get(workspace.image, by_name[DEFAULT_IMAGE]),
        images=images,
    )

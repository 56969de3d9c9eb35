"""The airlock's numbers as data: approvals, budget, sizes. No caller can pass another number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from governance.disclosure import PROFILES, DisclosureProfile
from governance.refusal import Refusal
from governance.store.projects import Project


@dataclass(frozen=True)
class AirlockLimits:
    """What the airlock asks and allows.

    Attributes:
        approvals: output checkers who must approve every output file (SATRE 3.4.04: at least two).
        daily_bytes: most bytes one person may have released from one project in one UTC day.
        open_requests: most requests of one person in one project that are neither released, rejected nor withdrawn.
        receipts_shown: newest answered queries shown to checkers and named in the manifest.
    """

    approvals: int = 2
    daily_bytes: int = 64 * 2**20
    open_requests: int = 20
    receipts_shown: int = 20


DEFAULT = AirlockLimits()
#: Disclosure profile -> limits, where they differ from the default (a sensitive source would ask for three approvals).
LIMITS: Mapping[str, AirlockLimits] = {}


def limits_of(project: Project) -> AirlockLimits:
    """The limits in force for a project."""
    return LIMITS.get(project.profile, DEFAULT)


def profile_of(project: Project) -> DisclosureProfile:
    """The project's disclosure profile. Raises Refusal `unknown-profile`: without a policy nothing leaves."""
    profile = PROFILES.get(project.profile)
    if profile is None:
        raise Refusal("unknown-profile", "The project has no disclosure profile in force.", "Ask an administrator.")
    return profile

"""What the hub tells this service about itself: the `JUPYTERHUB_*` variables, read once and checked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from governance.refusal import Refusal

PREFIX = "/services/airlock"


@dataclass(frozen=True)
class HubService:
    """How this service is known at the hub. `access_scopes`: a visitor needs one of them."""

    api_url: str
    api_token: str = field(repr=False)
    client_id: str
    access_scopes: frozenset[str]
    base_url: str = "/"


def read_hub_service(environment: Mapping[str, str] = os.environ) -> HubService | None:
    """The service as the hub describes it; None without a hub (then there are no pages for people).

    Raises Refusal `not-a-hub-service` when the description is incomplete.
    """
    token = environment.get("JUPYTERHUB_API_TOKEN", "")
    if not token:
        return None
    try:
        scopes = json.loads(environment["JUPYTERHUB_OAUTH_ACCESS_SCOPES"])
        if not isinstance(scopes, list) or not scopes:  # without a scope everybody would be let in
            raise ValueError("no scope")
        return HubService(
            api_url=environment["JUPYTERHUB_API_URL"],
            api_token=token,
            client_id=environment["JUPYTERHUB_CLIENT_ID"],
            access_scopes=frozenset(str(scope) for scope in scopes),
            base_url=environment.get("JUPYTERHUB_BASE_URL") or "/",
        )
    except (KeyError, ValueError):
        raise Refusal(
            "not-a-hub-service", "The hub's description of this service is incomplete.", "Start it with `sde up`."
        ) from None

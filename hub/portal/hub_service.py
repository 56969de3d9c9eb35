"""What the hub tells a service about itself: the `JUPYTERHUB_*` environment, read once and checked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from governance.refusal import Refusal

ENVIRONMENT_PREFIX = "JUPYTERHUB_"


@dataclass(frozen=True)
class HubAddress:
    """Where the Hub API answers: a base URL and, for a unix socket, the socket's path."""

    base_url: str
    socket: str | None


def _read_json(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


class HubService(BaseModel):
    """The hub's own variables for one of its services."""

    model_config = ConfigDict(frozen=True)

    api_url: str = Field(min_length=1, description="the Hub API, http:// or http+unix://<quoted socket path>")
    api_token: SecretStr = Field(min_length=1, description="this service's own token")
    client_id: str = Field(min_length=1, description="this service's OAuth client")
    service_prefix: str = Field(pattern="^/.*/$", description="URL prefix of the service")
    oauth_callback_url: str = Field(default="", description="where the hub sends a signed-in browser")
    oauth_access_scopes: Annotated[frozenset[str], BeforeValidator(_read_json)] = Field(
        min_length=1, description="scopes of which a visitor needs one"
    )
    base_url: str = Field(default="/", pattern="^/(.*/)?$", description="prefix of everything the hub serves")

    @property
    def address(self) -> HubAddress:
        """The API address in a form that an HTTP client with unix sockets takes."""
        parts = urlsplit(self.api_url)
        if parts.scheme == "http+unix":  # netloc, not hostname: a hostname would be lowercased
            return HubAddress(f"http://hub{parts.path}", unquote(parts.netloc))
        return HubAddress(self.api_url, None)


def read_hub_service(environment: Mapping[str, str] = os.environ) -> HubService:
    """The service as the hub describes it. Raises Refusal `not-a-hub-service` naming each missing variable."""
    given = {name: environment.get(ENVIRONMENT_PREFIX + name.upper()) for name in HubService.model_fields}
    try:
        return HubService.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        names = sorted({ENVIRONMENT_PREFIX + str(problem["loc"][0]).upper() for problem in error.errors()})
        raise Refusal(
            "not-a-hub-service", f"Missing or wrong: {', '.join(names)}.", "Let the hub start this service."
        ) from None

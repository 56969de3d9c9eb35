"""The gateway's services as data: their sockets, prefixes, commands and what the hub lets each of them do."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from governance.settings import Settings

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Service:
    """One process beside the hub.

    Attributes:
        name: of the process, of its log, and to the hub.
        socket: file name below the run folder.
        command: arguments after the interpreter's own folder: a console script or `-m module`.
        prefix: where the edge shows it to browsers; empty if it does not.
        scopes: what its own token may do at the hub (docs: JupyterHub RBAC); None for a service without a token.
        visitors_sign_in: whether it asks the hub who its visitors are.
        in_production: False for what belongs to the demo only.
        health: a path that answers once the service works.
    """

    name: str
    socket: str
    command: tuple[str, ...]
    prefix: str = ""
    scopes: tuple[str, ...] | None = None
    visitors_sign_in: bool = False
    in_production: bool = True
    health: str = "/"

    @property
    def client_id(self) -> str:
        """Its OAuth client at the hub."""
        return f"service-{self.name}"

    @property
    def access_scope(self) -> str:
        """What a visitor needs to be let in."""
        return f"access:services!service={self.name}"


PROVIDER = Service(
    "provider",
    "provider.sock",
    ("sde", "demo", "provider"),
    prefix="/provider/",
    in_production=False,
    health="/provider/.well-known/openid-configuration",
)
GUARD = Service("guard", "guard.sock", ("sde", "guard", "serve"))
AIRLOCK = Service(
    "airlock",
    "airlock.sock",
    ("sde", "airlock", "serve"),
    prefix="/services/airlock/",
    scopes=(),
    visitors_sign_in=True,
)
PORTAL = Service(
    "portal",
    "portal.sock",
    ("python", "-m", "hub.portal"),
    prefix="/services/portal/",
    scopes=("read:servers", "start:servers", "delete:servers", "read:users:name"),
    visitors_sign_in=True,
)
#: Where a browser goes to be let into its person's workspace, and how the portal's answer tells the edge to let it in.
LET_IN_PAGE, LET_IN_HEADER = f"{PORTAL.prefix}enter", "X-SDE-Let-In"
#: The one TCP listener. Its socket takes the hub's routes; `/health` there says that both are open.
EDGE = Service("edge", "edge.sock", ("python", "-m", "hub.edge"), health="/health")
#: Not a process: the token with which `sde up` stops every workspace before it stops the hub.
SUPERVISOR = Service("supervisor", "", (), scopes=("list:users", "read:servers", "delete:servers"))

SERVICES: tuple[Service, ...] = (EDGE, PROVIDER, GUARD, AIRLOCK, PORTAL)
WITH_TOKEN: tuple[Service, ...] = (AIRLOCK, PORTAL, SUPERVISOR)


def hub_socket_url(settings: Settings) -> str:
    """The hub's address in the form JupyterHub understands: http+unix with the quoted path."""
    return f"http+unix://{quote(str(settings.folder.run / 'hub.sock'), safe='')}"


def token_file(settings: Settings, service: Service) -> Path:
    """Where the service's hub token lies, 0600."""
    return settings.folder.keys / f"hub-token-{service.name}"


def read_or_make_secret(file: Path) -> str:
    """The secret in a file, made at first use, readable by this user only. Raises PermissionError if it is not."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if file.stat().st_mode & 0o077:
            raise PermissionError(f"{file} can be read by others; run chmod 600 on it") from None
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as opened:
        secret = secrets.token_hex(TOKEN_BYTES)
        opened.write(secret)
    return secret


def service_environment(settings: Settings, service: Service) -> dict[str, str]:
    """The JUPYTERHUB_* variables that tell a service where the hub is and who it is itself."""
    if service.scopes is None:
        return {}
    return {
        "JUPYTERHUB_SERVICE_NAME": service.name,
        "JUPYTERHUB_API_URL": f"{hub_socket_url(settings)}/hub/api",
        "JUPYTERHUB_API_TOKEN": read_or_make_secret(token_file(settings, service)),
        "JUPYTERHUB_CLIENT_ID": service.client_id,
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_SERVICE_PREFIX": service.prefix,
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{service.prefix}oauth_callback",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([service.access_scope]),
        "JUPYTERHUB_PUBLIC_URL": f"{settings.url}{service.prefix}",
        "JUPYTERHUB_PUBLIC_HUB_URL": f"{settings.url}/hub/",
    }

"""Checks of what is installed and set: state folder, register, sockets, addresses, sign-in, versions."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import stat
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from governance.clock import now
from governance.settings import Settings
from governance.state import LONGEST_SOCKET_PATH
from governance.store import open_store
from hub.addresses import is_loopback
from hub.certificate import Certificate, read_certificate
from hub.doctor.finding import Finding, broken, fine, weaker
from hub.names import WorkspacePlaces
from hub.services import AIRLOCK, EDGE, GUARD, PORTAL
from hub.supervisor.readiness import on_socket
from hub.workspace_image import find_image

PACKAGES = ("jupyterhub", "oauthenticator", "duckdb", "sqlglot", "sqlalchemy", "fastapi", "aiohttp")
WORKSPACE_PACKAGES = ("jupyterlab", "jupyter_server", "ipykernel", "pandas", "polars", "pyarrow", "numpy")
GIBIBYTE = 2**30
SHORT_OF_TIME = timedelta(days=21)
LITTLE_SPACE = 5 * 2**30
LONGEST_SLUG = "0" * 12 + "-" + "x" * 30


def check_state_folder(settings: Settings) -> Finding:
    """Is it there, ours, and closed to everybody else?"""
    root = settings.folder.root
    if not root.is_dir():
        return broken("state folder", f"{root} does not exist", "Run `sde init`.")
    held = root.stat()
    if held.st_uid != os.geteuid():
        return broken("state folder", f"{root} belongs to another user", "Run the gateway as its owner.")
    open_to_others = [path for path in _secret_places(settings) if path.exists() and _is_open(path)]
    if open_to_others:
        names = ", ".join(str(path) for path in open_to_others)
        return broken("state folder", f"others can read {names}", f"Run `chmod -R go= {root}`.")
    return fine("state folder", f"{root}, readable by its owner only")


def check_sockets(settings: Settings) -> Finding:
    """Do the sockets of the longest project name fit?"""
    run = settings.folder.run
    longest = WorkspacePlaces(settings.folder, LONGEST_SLUG, LONGEST_SLUG).airlock_socket
    length = len(os.fsencode(longest))
    if length > LONGEST_SOCKET_PATH:
        return broken("sockets", f"paths below {run} are too long", "Set TMPDIR or SDE_STATE to a shorter path.")
    return fine("sockets", f"{run} (longest path {length} of {LONGEST_SOCKET_PATH} bytes)")


def check_register(settings: Settings) -> Finding:
    """Can it be opened? (`sde audit verify` proves its log.)"""
    store = open_store(settings)
    kind = "SQLite" if store.url.startswith("sqlite") else store.url.partition(":")[0].partition("+")[0]
    store.close()
    return fine("register", f"{kind}, initialised")


def check_workspace_environment(settings: Settings) -> Finding:
    """Is the workspace's environment installed, and compiled (it is read-only later)?"""
    del settings
    image = find_image()
    found = {name: _version_in(image.environment, name) for name in WORKSPACE_PACKAGES}
    missing = [name for name, number in found.items() if not number]
    if missing:
        return broken("workspace", f"{', '.join(missing)} missing in {image.environment}", "Run `make setup`.")
    if not any(image.environment.glob("lib/python*/site-packages/jupyterlab/__pycache__/*.pyc")):
        command = f"{image.environment}/bin/python -m compileall -q {image.environment}/lib"
        return weaker("workspace", "its packages are not compiled, so workspaces start slowly", f"Run `{command}`.")
    return fine("workspace", ", ".join(f"{name} {number}" for name, number in found.items()))


def check_address(settings: Settings) -> Finding:
    """Does what browsers send travel encrypted?"""
    certificate = read_certificate(settings)
    if certificate is not None:
        return _check_certificate(settings, certificate)
    if settings.url.startswith("https://"):
        said = f"{settings.url}, encrypted by the proxy in front of {settings.host}:{settings.port}"
        if settings.trusted_proxies:
            return fine("address", said)
        remedy = "Name the proxy in SDE_TRUSTED_PROXIES, and let it set X-Forwarded-For."
        return weaker("address", f"{said}; all people share one limit of sign-ins", remedy)
    if is_loopback(settings.host):
        return fine("address", f"{settings.url}, this machine only, not encrypted")
    return weaker(
        "address",
        f"{settings.url} is not encrypted and other machines can reach it",
        "Set tls_certificate_file and tls_key_file, or put a TLS proxy in front and set SDE_PUBLIC_URL=https://...",
    )


def _check_certificate(settings: Settings, certificate: Certificate) -> Finding:
    said = f"{settings.url}, encrypted by the edge; its certificate ends on {certificate.ends:%Y-%m-%d}"
    host = urlsplit(settings.url).hostname or ""
    if not certificate.speaks_for(host):
        return broken("address", f"the certificate does not name {host}", "Get one for the name that browsers type.")
    if certificate.ends - now() < SHORT_OF_TIME:
        return weaker("address", said, "Renew it; the edge takes up the new files by itself.")
    return fine("address", said)


def check_sign_in(settings: Settings) -> Finding:
    """Who says who people are?"""
    if settings.is_demo:
        return weaker(
            "sign-in",
            "the demonstration's provider: anybody can sign in as anybody",
            "Set SDE_OIDC_ISSUER, SDE_OIDC_CLIENT_ID and SDE_OIDC_CLIENT_SECRET_FILE before real use.",
        )
    return fine("sign-in", settings.oidc_issuer)


def check_disk(settings: Settings) -> Finding:
    """Is there room, and what bounds homes and shared folders?"""
    place = settings.folder.root if settings.folder.root.is_dir() else Path.cwd()
    free = shutil.disk_usage(place).free
    home, shared = settings.workspace_home_bytes / GIBIBYTE, settings.workspace_shared_bytes / GIBIBYTE
    said = f"{free // GIBIBYTE} GiB free; home {home:g} GiB, shared folder {shared:g} GiB, watched (not by the kernel)"
    remedy = "Make room: what a workspace writes between two looks of the watch must fit."
    return weaker("disk", said, remedy) if free < LITTLE_SPACE else fine("disk", said)


def check_versions(settings: Settings) -> Finding:
    """What is installed here."""
    del settings
    try:
        found = [f"{name} {version(name)}" for name in PACKAGES]
    except PackageNotFoundError as error:
        return broken("versions", f"{error.name} is missing", "Run `make setup`.")
    return fine("versions", ", ".join([f"Python {platform.python_version()}", *found]))


def check_services(settings: Settings) -> Finding:
    """Does the gateway run?"""
    services = (EDGE, GUARD, AIRLOCK, PORTAL)
    run = settings.folder.run
    up = [service.name for service in services if asyncio.run(_ask(run / service.socket, service.health))]
    if len(up) in (0, len(services)):
        return fine("services", "running" if up else "not running; `sde up` starts them")
    return broken("services", f"only {', '.join(up)} answer", f"See {settings.folder.logs}.")


async def _ask(socket: Path, path: str) -> bool:
    return await on_socket(socket, path)()


def _secret_places(settings: Settings) -> list[Path]:
    """What must be closed itself; the rest lies behind the closed state folder."""
    folder = settings.folder
    return [folder.root, folder.run, folder.keys, *sorted(folder.keys.glob("*"))]


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.lstat().st_mode) & 0o077)


def _version_in(environment: Path, name: str) -> str:
    for folder in environment.glob(f"lib/python*/site-packages/{name}-*.dist-info"):
        return folder.name.removeprefix(f"{name}-").removesuffix(".dist-info")
    return ""

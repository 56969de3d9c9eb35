"""The gateway's processes as data: what is started, with which environment, and when it counts as ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from governance.settings import Settings
from hub.addresses import local_host
from hub.services import SERVICES, Service, service_environment
from hub.supervisor.child import Program
from hub.supervisor.readiness import accepts, is_locked, on_port, on_socket

#: Never handed on: what another hub told this shell about itself.
FOREIGN_PREFIXES = ("JUPYTERHUB_", "JPY_", "CONFIGPROXY_", "OAUTH", "OIDC_")
#: Lines at once, and only those that an operator can do something about.
PYTHON = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore::DeprecationWarning"}


def gateway_programs(settings: Settings) -> tuple[Program, ...]:
    """Every process of these settings. They may start in any order: each waits for nobody."""
    services = [service for service in SERVICES if service.in_production or settings.is_demo]
    gate = () if settings.workspace_platform == "sandbox" else (_gate_program(settings),)
    beside = (*(_service_program(settings, service) for service in services), *gate, _keeper_program(settings))
    return (_hub_program(settings), *beside)


def _hub_program(settings: Settings) -> Program:
    return Program(
        "hub",
        (sys.executable, "-m", "hub.launch"),
        _environment(settings, {}),
        settings.folder.root,
        settings.folder.logs / "hub.log",
        on_port(local_host(settings), settings.port, "/hub/health", tls=settings.scheme == "https"),  # edge and hub
    )


def _gate_program(settings: Settings) -> Program:
    """The way from workspaces that run elsewhere (docs/decisions/sidecar-and-gate.md)."""
    return Program(
        "gate",
        (sys.executable, "-m", "hub.relay.gate"),
        _environment(settings, {}),
        settings.folder.root,
        settings.folder.logs / "gate.log",
        accepts(settings.gate_host, settings.gate_port),
    )


def _keeper_program(settings: Settings) -> Program:
    """What looks after the data without anybody asking, at a low priority: people's questions come first."""
    return Program(
        "keeper",
        ("nice", "-n", "10", sys.executable, "-m", "intake.keeper"),
        _environment(settings, {}),
        settings.folder.root,
        settings.folder.logs / "keeper.log",
        is_locked(settings.folder.run / "keeper.lock"),
    )


def _service_program(settings: Settings, service: Service) -> Program:
    name, *rest = service.command
    program = (sys.executable,) if name == "python" else (str(Path(sys.executable).parent / name),)
    return Program(
        service.name,
        (*program, *rest),
        _environment(settings, service_environment(settings, service)),
        settings.folder.root,
        settings.folder.logs / f"{service.name}.log",
        on_socket(settings.folder.run / service.socket, service.health),
    )


def night_program(settings: Settings) -> Program:
    """The nightly search for combined answers, as unimportant as a process can be."""

    async def works() -> bool:
        return True

    return Program(
        "search-triples",
        ("nice", "-n", "19", str(Path(sys.executable).parent / "sde"), "guard", "search-triples"),
        _environment(settings, {}),
        settings.folder.root,
        settings.folder.logs / "search-triples.log",
        works,
    )


def _environment(settings: Settings, own: Mapping[str, str]) -> Mapping[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)}
    return {**inherited, **PYTHON, "SDE_STATE": str(settings.folder.root), **own}

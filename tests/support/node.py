"""A machine where containers would run: each "workspace container" is a real sandbox, each "sidecar" the real program.

The sandbox stands in for the engine's walls; what is inside is what the image runs: its entry point, its server.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from governance.state import StateFolder
from hub.names import WorkspacePlaces, places_of
from hub.platforms.container import CHANNEL_FOLDER, CREDENTIALS_FOLDER
from hub.sandbox import Limits, Mount, describe_sandbox
from hub.sandbox_process import Streams, end_sandbox, start_sandbox
from hub.workspace_image import find_image
from hub.workspace_start import prepare_workspace
from tests.support.fake_engine import python
from tests.support.scratch import surroundings

LIMITS = Limits(memory=2**31, temporary=2**28, processes=256)
REPOSITORY = str(Path(__file__).parents[2])


class Sandboxed:
    """A sandbox that looks like a process to the engine."""

    def __init__(self, sandbox: Any) -> None:
        self._sandbox = sandbox

    def poll(self) -> int | None:
        return None if self._sandbox.is_running else 0

    def terminate(self) -> None:
        end_sandbox(self._sandbox, grace=0)

    def wait(self, timeout: float) -> None:
        del timeout


@dataclass
class Node:
    """`folder`: all that is on this machine. `subject` and `project` name the one workspace that runs there."""

    folder: Path
    subject: str
    project: str
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def places(self) -> WorkspacePlaces:
        return places_of(StateFolder(self.folder), self.subject, self.project)

    def begin(self, command: list[str], variables: dict[str, str], credentials: Path | None) -> Any:
        """Start what a container would: the sidecar if it has credentials, else the workspace."""
        if credentials is not None:
            (self.places.run / "server").mkdir(parents=True, exist_ok=True)
            given = [word.replace(CREDENTIALS_FOLDER, str(credentials)) for word in command[2:]]
            folder = str(self.places.run)
            given = [folder if word == CHANNEL_FOLDER else word for word in given]
            return python(*given, environment={**surroundings(), "PYTHONPATH": REPOSITORY})
        return Sandboxed(self._sandbox(command, variables))

    def _sandbox(self, command: list[str], variables: dict[str, str]) -> Any:
        places = self.places
        places.state.create()
        (places.run / "server").mkdir(parents=True, exist_ok=True)
        prepared = prepare_workspace(places)
        spec = describe_sandbox(find_image(), places, command=tuple(command), variables=variables, limits=LIMITS)
        handing = Mount(places.run / "server", f"{CHANNEL_FOLDER}/server")
        return start_sandbox(
            replace(spec, mounts=(*spec.mounts, handing)),
            lock=places.lock,
            uid=prepared.uid,
            gid=prepared.gid,
            group=None,
            streams=Streams(stdout=subprocess.DEVNULL, stderr=None),
        )

    def begin_docker(self, body: dict[str, Any]) -> Any:
        """The same from a request to the Docker engine."""
        self.bodies.append(body)
        bound = [mount["Source"] for mount in body["HostConfig"]["Mounts"] if mount["Target"] == CREDENTIALS_FOLDER]
        variables = dict(pair.split("=", 1) for pair in body.get("Env") or ())
        return self.begin(body["Cmd"], variables, Path(bound[0]) if bound else None)

    def begin_kubernetes(self, pod: dict[str, Any], secrets: dict[str, dict[str, str]]) -> list[Any]:
        """The same from a pod and the secrets of its namespace: both containers."""
        self.bodies.append(pod)
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        started = []
        for container in pod["spec"]["containers"]:
            named = [volumes[mount["name"]].get("secret") for mount in container["volumeMounts"]]
            credentials = None
            for entry in filter(None, named):
                credentials = self.folder / "credentials"
                credentials.mkdir(parents=True, exist_ok=True)
                for name, text in secrets[entry["secretName"]].items():
                    (credentials / name).write_text(text)
            variables = {}
            for variable in container["env"]:
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                variables[variable["name"]] = (
                    secrets[reference["name"]][reference["key"]] if reference else variable["value"]
                )
            started.append(self.begin(container["command"], variables, credentials))
        return started

"""Starts and ends the sandboxes that `hub.sandbox` describes. Promise: no sandbox runs outside its limits, and none is
forgotten: each holds a lock that shows it, even if the gateway was killed while starting it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO

from governance.confinement.bubblewrap import find_bwrap
from governance.confinement.seccomp import build_filter, memory_descriptor
from governance.refusal import Refusal
from hub import stage
from hub.limits import Group
from hub.processes import Process, find_holders, wait_until
from hub.sandbox import Descriptors, SandboxSpec, build_arguments, build_command

LISTENING = "WORKSPACE_LISTENING_DESCRIPTOR"
INFO_BYTES = 4096
END_SECONDS = 10.0
UMASK = 0o007  # what is made in the shared folder belongs to the project's group; a home is closed as a whole


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: `outer` is bubblewrap on the host, `first` is process 1 inside, whose end ends everything."""

    outer: Process
    first: Process
    popen: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether any of it is left; collects the exit status if the sandbox is our own child."""
        if self.popen is not None:
            self.popen.poll()
        return self.outer.is_alive or self.first.is_alive


@dataclass(frozen=True)
class Streams:
    """Where a sandbox's three streams go: files, or None for our own."""

    stdin: int | IO[bytes] | None = subprocess.DEVNULL
    stdout: int | IO[bytes] | None = None
    stderr: int | IO[bytes] | None = None


def start_sandbox(
    spec: SandboxSpec,
    *,
    lock: Path,
    uid: int,
    gid: int,
    group: Group | None,
    streams: Streams,
    listening: int = -1,
) -> Sandbox:
    """Start it and return once it is inside its limits.

    Args:
        spec: what to run, see `hub.sandbox.describe_sandbox`.
        lock: held by the sandbox while it lives.
        uid: the workspace's own user number; used if we are root.
        gid: the group number of its project; used if we are root.
        group: its cgroup, if there is one.
        streams: its standard streams.
        listening: descriptor of a listening socket to be inherited; -1 for none.

    Raises:
        Refusal: `workspace-running` if one with this lock runs already, `sandbox-failed` if bubblewrap gave up.
    """
    with ExitStack() as opened:
        held = _take_lock(lock, opened)
        info, info_end = _pipe(opened)
        block, block_end = _pipe(opened)
        seccomp = _readable(opened, build_filter())
        passed = [held, info_end.fileno(), block.fileno(), seccomp, *([listening] if listening >= 0 else [])]
        launcher, spec = _as_own_user(spec, (uid, gid), passed, opened)
        descriptors = Descriptors(seccomp, info_end.fileno(), block.fileno(), held)
        arguments = _readable(opened, "\0".join([*build_arguments(spec, descriptors), ""]).encode())
        popen = subprocess.Popen(
            [*launcher, str(find_bwrap()), "--args", str(arguments), "--", *build_command(spec)],
            env=dict(spec.variables) | ({LISTENING: str(listening)} if listening >= 0 else {}),
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            pass_fds=[*passed, arguments],
            start_new_session=True,  # Ctrl-C in our terminal is for us, not for the workspace
            cwd="/",
            umask=UMASK,
        )
        info_end.close()  # so that reading ends if bubblewrap does
        block.close()
        return _let_go(popen, info, block_end, group)


def end_sandbox(sandbox: Sandbox, *, grace: float) -> None:
    """Ask the programs inside to end (SIGTERM); after `grace` seconds make them (SIGKILL to process 1). Blocking."""
    if grace > 0 and sandbox.first.is_alive:
        for child in sandbox.first.children():
            child.send(signal.SIGTERM)
        wait_until(lambda: not sandbox.is_running, grace)
    sandbox.first.send(signal.SIGKILL)
    if not wait_until(lambda: not sandbox.is_running, END_SECONDS):
        sandbox.outer.send(signal.SIGKILL)
        wait_until(lambda: not sandbox.is_running, END_SECONDS)


def end_leftover(lock: Path) -> bool:
    """End whatever sandbox still holds the lock; True if there was one. Blocking.

    A gateway killed in mid-start leaves a sandbox that no record names; its open lock file does.
    """
    if not is_held(lock):
        return False
    for process in find_holders(lock):
        process.send(signal.SIGKILL)
    if not wait_until(lambda: not is_held(lock), END_SECONDS):
        raise Refusal("workspace-running", "An older workspace does not end.", "Ask the service desk.")
    return True


def end_all_leftovers(run: Path) -> int:
    """End every sandbox whose lock lies below this folder of sockets; how many there were. Blocking."""
    return sum(end_leftover(lock) for lock in sorted((run / "w").glob("*/sandbox.lock")))


def is_held(lock: Path) -> bool:
    """Whether a sandbox with this lock lives."""
    with contextlib.suppress(FileNotFoundError), lock.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _take_lock(lock: Path, opened: ExitStack) -> int:
    descriptor = os.open(lock, os.O_RDONLY | os.O_CREAT, 0o600)
    opened.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal("workspace-running", "This workspace is already running.", "Stop it first.") from None
    return descriptor


def _pipe(opened: ExitStack) -> tuple[BinaryIO, BinaryIO]:
    reading, writing = os.pipe()
    return (
        opened.enter_context(os.fdopen(reading, "rb", buffering=0)),
        opened.enter_context(os.fdopen(writing, "wb", buffering=0)),
    )


def _readable(opened: ExitStack, content: bytes) -> int:
    """A descriptor from which the content can be read, so that nothing of it shows in the list of processes."""
    descriptor = memory_descriptor(content)
    opened.callback(os.close, descriptor)
    return descriptor


def _as_own_user(
    spec: SandboxSpec, who: tuple[int, int], passed: list[int], opened: ExitStack
) -> tuple[list[str], SandboxSpec]:
    """Under root: the program that drops to the workspace's user, and the spec as that user will see the folders."""
    if os.geteuid() != 0:
        return [], spec
    seen = [replace(mount, source=stage.STAGE / str(number)) for number, mount in enumerate(spec.mounts)]
    pairs = [(str(mount.source), str(staged.source)) for mount, staged in zip(spec.mounts, seen, strict=True)]
    plan = _readable(opened, json.dumps({"uid": who[0], "gid": who[1], "mounts": pairs}).encode())
    passed.append(plan)
    return [sys.executable, "-I", "-S", stage.__file__, str(plan)], replace(spec, mounts=tuple(seen))


def _let_go(popen: subprocess.Popen[bytes], info: BinaryIO, block: BinaryIO, group: Group | None) -> Sandbox:
    """Wait until the namespaces are made, set the limits, and only then let the command start."""
    first = None
    try:
        first = Process.of(_first_process(info))
        outer = Process.of(popen.pid)
        if first is None or outer is None:
            raise ProcessLookupError
        if group is not None:
            group.admit(outer.pid, first.pid)
            if not group.holds(first.pid):
                raise OSError("the kernel did not put it there")
        block.write(b".")
    except (OSError, ValueError, KeyError) as error:
        if first is not None:
            first.send(signal.SIGKILL)
        popen.kill()
        popen.wait()
        raise Refusal(
            "sandbox-failed", f"The sandbox did not start ({type(error).__name__}).", "Run `sde doctor`."
        ) from None
    return Sandbox(outer, first, popen)


def _first_process(info: BinaryIO) -> int:
    """The number of process 1, as bubblewrap writes it: one JSON object. ValueError if it ended without."""
    text = b""
    while b"}" not in text and (part := info.read(INFO_BYTES)):
        text += part
    return int(json.loads(text)["child-pid"])

"""Audit events as syslog messages (RFC 5424) over a unix socket, UDP or TCP (RFC 6587, octet counting). Promise: events
arrive in order and none is left out as long as the transport tells of a failure; after one, some may come twice.

What was sent counts only once the connection is still sound at the next round: TCP tells late that nobody was reading.
UDP tells nothing at all; it is offered for receivers on the same machine.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from governance.audit.exporting import event_line
from governance.audit.outcomes import Outcome, outcome_of
from governance.audit.verification import read_raw

AUDIT = 13 * 8  # facility "log audit"
SEVERITIES = {Outcome.DONE: 6, Outcome.REFUSED: 5, Outcome.FAILED: 4, Outcome.ALARM: 1}
LONGEST_NAME = 32  # MSGID
SECONDS = 5.0  # for one connection or one write
MOST_AT_ONCE = 1_000


def message(row: Sequence[Any], host: str) -> bytes:
    """One event: its number and digest as structured data, the whole event as JSON."""
    line = event_line(row)
    at = json.loads(line)["at"].replace("+00:00", "Z")
    priority = AUDIT + SEVERITIES[outcome_of(row[2])]
    facts = f'[audit@32473 seq="{row[0]}" digest="{row[7]}"]'  # the number set aside for examples: nobody's own
    return f"<{priority}>1 {at} {host} sde-gateway - {row[2][:LONGEST_NAME]} {facts} \ufeff{line}".encode()


class SyslogSender:
    """Sends what came since the position, which is kept in a file."""

    def __init__(self, target: str, position_file: Path) -> None:
        self._target, self._file = target, position_file
        self._host = socket.gethostname()[:255] or "-"
        self._connection: socket.socket | None = None
        self._sent = 0

    def send(self, session: Session) -> int:
        """One round; returns how many events were handed over. Raises OSError: nothing of this round counts then."""
        if self._connection is not None:
            if not _is_sound(self._connection):
                self.close()
            elif self._sent:
                self._keep(self._sent)
        position = self._sent if self._connection is not None and self._sent else self._kept()
        rows = []
        for row in read_raw(session, after=position):
            rows.append(row)
            if len(rows) == MOST_AT_ONCE:
                break
        try:
            for row in rows:
                self._write(message(row, self._host))
        except OSError:
            self.close()
            raise
        self._sent = rows[-1][0] if rows else self._sent
        return len(rows)

    def close(self) -> None:
        """Forget the connection, and what was sent over it and not yet counted."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._sent = None, 0

    def _write(self, text: bytes) -> None:
        if self._connection is None:
            self._connection = _connect(self._target)
        if self._connection.type == socket.SOCK_STREAM:
            self._connection.sendall(str(len(text)).encode() + b" " + text)
        else:
            self._connection.send(text)

    def _kept(self) -> int:
        try:
            return int(json.loads(self._file.read_text())["seq"])
        except FileNotFoundError:
            return 0

    def _keep(self, seq: int) -> None:
        if seq == (self._kept() if self._file.exists() else 0):
            return
        spare = self._file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(spare, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as stream:
            json.dump({"seq": seq}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        spare.replace(self._file)


def _connect(target: str) -> socket.socket:
    kind, _, place = target.partition(":")
    if kind == "tcp":
        return _parted(place, socket.SOCK_STREAM)
    if kind == "udp":
        return _parted(place, socket.SOCK_DGRAM)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    connection.settimeout(SECONDS)
    try:
        connection.connect(place)
    except OSError:
        connection.close()
        raise
    return connection


def _parted(place: str, kind: socket.SocketKind) -> socket.socket:
    host, _, port = place.rpartition(":")
    if kind == socket.SOCK_STREAM:
        return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)
    family, *_, address = socket.getaddrinfo(host.strip("[]"), int(port), type=kind)[0]
    connection = socket.socket(family, kind)
    connection.settimeout(SECONDS)
    connection.connect(address)
    return connection


def _is_sound(connection: socket.socket) -> bool:
    """Whether the other side is there still. A syslog receiver sends nothing, so anything readable is an end."""
    connection.setblocking(False)
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(SECONDS)

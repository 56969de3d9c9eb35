"""The TLS context in force: a renewed certificate is taken up without a restart. Promise: a pair that is not good never
replaces one that works, and connections that are open stay open."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from governance.refusal import Refusal
from governance.settings import Settings
from hub.certificate import make_context, read_certificate

LOOK_SECONDS = 10.0
Stamp = tuple[tuple[int, int, int], ...]

log = structlog.get_logger("edge")


class Tls:
    """`context` is for connections that begin now."""

    def __init__(self, settings: Settings, files: tuple[Path, Path], context: ssl.SSLContext) -> None:
        self._settings = settings
        self._files = files
        self._seen = _stamp(files)
        self.context = context

    @classmethod
    def of(cls, settings: Settings) -> Tls | None:
        """As the settings say; None for plain HTTP. Raises Refusal as `read_certificate`."""
        certificate = read_certificate(settings)
        if certificate is None:
            return None
        return cls(settings, (certificate.certificate_file, certificate.key_file), make_context(certificate))

    async def watch(self) -> None:
        """Look at the files again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Take up files that have changed, if they are good; each change is tried until it is, and told once."""
        stamp = _stamp(self._files)
        if stamp == self._seen:
            return
        try:
            certificate = read_certificate(self._settings)
            assert certificate is not None  # the settings do not change
            self.context = make_context(certificate)
        except Exception as error:  # whatever the files hold now, the pair in force stays and is looked at again
            code = error.code if isinstance(error, Refusal) else type(error).__name__
            log.error("edge.certificate-refused", code=code)
        else:
            log.info("edge.certificate-renewed", ends=certificate.ends.isoformat())
        self._seen = stamp


def _stamp(files: tuple[Path, Path]) -> Stamp:
    found = []
    for file in files:
        try:
            held = file.stat()
            found.append((held.st_mtime_ns, held.st_ino, held.st_mode))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)

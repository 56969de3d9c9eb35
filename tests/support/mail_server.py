"""A real mail server in a process of its own: aiosmtpd with a box in a folder, and a word for how it answers.

`python -m tests.support.mail_server FOLDER WORD [CERTIFICATE KEY]` prints its port. Words: `take`, `refuse` (552),
`later` (451), `drop` (takes the text, keeps it, and hangs up without an answer), `unknown` (550 to every recipient),
`nobody` (421 to every sender), `hang-up` (at the
sender), `closed` (554 instead of the text), `stall` (takes the text, keeps it, and never answers).
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = "gateway", "a-long-password-of-the-gateway"
EARLY = {"unknown": "550 nobody of that name", "nobody": "421 not now"}
LATE = {"take": "250 OK", "refuse": "552 too much", "later": "451 not now"}


class Box:
    """Keeps what it is given, a file each; answers as its word says."""

    def __init__(self, folder: Path, word: str) -> None:
        self.folder, self.word, self.count = folder, word, 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.word == "hang-up":
            server.transport.abort()
        if self.word == "nobody":
            return EARLY[self.word]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.word == "unknown":
            return EARLY[self.word]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.word in ("take", "drop", "stall"):
            self.count += 1
            (self.folder / f"{self.count}.eml").write_bytes(envelope.content)
        if self.word == "stall":
            await asyncio.sleep(60)
        if self.word == "drop":
            server.transport.abort()
            return ""
        return LATE[self.word]


class Closed(SMTP):
    """Takes no text at all."""

    async def smtp_DATA(self, arg: str) -> None:
        await self.push("554 no text is taken")


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


async def _serve(folder: Path, word: str, pair: tuple[str, str] | None) -> None:
    context = None
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
    box, implicit = Box(folder, word), (folder / "implicit").exists()
    secure: dict[str, Any] = {} if context is None or implicit else {"tls_context": context, "require_starttls": True}
    wanted: dict[str, Any] = {} if context is None else {"authenticator": _authenticate, "auth_required": True}
    if implicit:
        wanted["auth_require_tls"] = False  # the whole connection is

    def make() -> SMTP:
        return (Closed if word == "closed" else SMTP)(box, hostname="mail.test", **secure, **wanted)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=context if implicit else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def mail_server(folder: Path, word: str = "take", pair: tuple[Path, Path] | None = None) -> Iterator[int]:
    """The server's port, for as long as the block runs."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.support.mail_server", str(folder), word, *map(str, pair or ())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    given = sys.argv[3:]
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2], (given[0], given[1]) if given else None))

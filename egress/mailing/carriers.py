"""Hands letters over: to a mail server, or to a folder where none is set. Promise: the answer tells apart what was
surely not taken from what may have been; the password goes to an encrypted connection and to no log or command line.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import stat
from dataclasses import dataclass
from email.message import EmailMessage
from enum import Enum
from pathlib import Path
from typing import Protocol

from governance.refusal import Refusal
from governance.settings import Settings

REFUSED_FOR_GOOD = 500  # RFC 5321, 4.2.1: 5yz must not be tried again as it is
TAKEN = 250


class Outcome(Enum):
    """What became of a letter."""

    SENT = "sent"
    AGAIN = "again"
    NEVER = "never"
    UNSURE = "unsure"


class Carrier(Protocol):
    """A way for letters. `repeats`: handing the same letter over twice leaves one."""

    @property
    def repeats(self) -> bool:
        """Whether it does."""

    def carry(self, name: str, letter: EmailMessage) -> Outcome:
        """Hand one letter over."""


def open_carrier(settings: Settings) -> Carrier:
    """The carrier of the settings. Raises Refusal `mail-settings`."""
    if not settings.mail_host:
        return FolderCarrier(settings.folder.mail)
    password = _read_password(settings)
    if settings.mail_user and settings.mail_security == "none":
        raise _wrong("A mail password is never sent over a connection that is not encrypted.")
    return ServerCarrier(settings, password)


@dataclass(frozen=True)
class FolderCarrier:
    """A file for each letter, whole or not there."""

    folder: Path
    repeats: bool = True

    def carry(self, name: str, letter: EmailMessage) -> Outcome:
        """Write `name`.eml, once."""
        part = self.folder / f".{name}.part"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(part, "wb", opener=_open_private) as file:
                file.write(letter.as_bytes())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / f"{name}.eml")
        except OSError:
            return Outcome.AGAIN
        return Outcome.SENT


@dataclass(frozen=True)
class ServerCarrier:
    """SMTP, one connection a letter."""

    settings: Settings
    password: str
    repeats: bool = False

    def carry(self, name: str, letter: EmailMessage) -> Outcome:
        """Up to the letter's text any failure means that it was not taken; from then on only the server knows."""
        del name
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException):
            return Outcome.AGAIN  # whatever it says to us, and not of the letter, may be mended
        try:
            with server:
                code, _ = server.mail(self.settings.mail_from)
                if code == TAKEN:
                    code, _ = server.rcpt(letter["To"])
                return self._hand_over(server, letter) if code in (TAKEN, TAKEN + 1) else _read_code(code)
        except (OSError, smtplib.SMTPException):
            return Outcome.AGAIN

    @staticmethod
    def _hand_over(server: smtplib.SMTP, letter: EmailMessage) -> Outcome:
        try:
            code, _ = server.data(letter.as_bytes())
        except smtplib.SMTPDataError as error:
            return _read_code(error.smtp_code)
        except (OSError, smtplib.SMTPException):
            return Outcome.UNSURE
        finally:
            server.close()  # what it says to a farewell changes nothing
        return Outcome.SENT if code == TAKEN else _read_code(code)

    def _connect(self) -> smtplib.SMTP:
        settings = self.settings
        host, port, wait = settings.mail_host, settings.mail_port, settings.mail_seconds
        if settings.mail_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=wait, context=self._trust())
        else:
            server = smtplib.SMTP(host, port, timeout=wait)
        try:
            if settings.mail_security == "starttls":
                server.starttls(context=self._trust())
            server.ehlo_or_helo_if_needed()
            if settings.mail_user:
                server.login(settings.mail_user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _trust(self) -> ssl.SSLContext:
        own = self.settings.mail_ca_file
        return ssl.create_default_context(cafile=self.settings.folder.root / own.expanduser() if own else None)


def _read_code(code: int) -> Outcome:
    return Outcome.NEVER if code >= REFUSED_FOR_GOOD else Outcome.AGAIN


def _read_password(settings: Settings) -> str:
    named = settings.mail_password_file
    if named is None:
        return settings.mail_password.get_secret_value()
    file = settings.folder.root / named.expanduser()
    try:
        held, text = file.stat(), file.read_text().strip()
    except (OSError, ValueError):
        raise _wrong("The file of the mail password cannot be read.") from None
    if not stat.S_ISREG(held.st_mode) or held.st_mode & 0o077:
        raise _wrong("The file of the mail password can be read by others.")
    return text


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _wrong(message: str) -> Refusal:
    return Refusal("mail-settings", message, "Correct the SDE_MAIL_* settings: docs/how-to/notices.md.")

"""Settings of notices by e-mail: the mail server, or a folder where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr


class MailSettings(BaseModel):
    """Part of governance.settings.Settings."""

    mail_host: str = Field(
        default="", description="mail server (SMTP); empty: notices are written to the state folder's `mail/`"
    )
    mail_port: int = Field(default=587, ge=1, le=65535, description="its port")
    mail_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls`, `tls` from the first byte, or `none` (no user and password are sent then)",
    )
    mail_ca_file: Path | None = Field(
        default=None, description="certificates (PEM) its own is checked against; empty: the system's"
    )
    mail_user: str = Field(default="", description="who signs in at the mail server; empty: nobody does")
    mail_password: SecretStr = Field(default=SecretStr(""), description="their password; better in a file")
    mail_password_file: Path | None = Field(
        default=None, description="file with the password, 0600; relative to the state folder"
    )
    mail_from: str = Field(
        default="airlock@localhost", pattern=r"^[^@\s]+@[^@\s]+$", description="sender of notices by e-mail"
    )
    reminder_days: str = Field(
        default="60,30,7,1",
        pattern=r"^(|\d{1,3}(,\d{1,3})*)$",
        description="how many days before something ends its people are reminded, commas between; empty: never",
    )
    mail_seconds: float = Field(default=20.0, gt=0, le=300, description="longest wait for an answer of the mail server")

    @property
    def reminders(self) -> tuple[int, ...]:
        """`reminder_days` as numbers."""
        return tuple(int(days) for days in self.reminder_days.split(",") if days)

"""Writes one letter. Promise: beside the words of ours it holds a request's title, id and address, and nothing else."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from egress.notices import Kind, words_of
from governance.settings import Settings
from governance.store.airlock import EgressRequest
from governance.store.notices import Notice

PAGE = "/services/airlock/requests/"


def write_letter(settings: Settings, notice: Notice, request: EgressRequest, address: str) -> EmailMessage:
    """The letter of a notice. Its Message-ID is the notice's, so that a second copy would be known as one."""
    kind = Kind(notice.kind)
    title = " ".join(request.title.split())
    letter = EmailMessage(policy=SMTP.clone(cte_type="7bit"))  # no server needs to know more
    letter["From"], letter["To"] = settings.mail_from, address
    letter["Subject"] = f"Airlock: request {request.id} - {kind.value.replace('-', ' ')}"
    letter["Date"] = format_datetime(notice.written_at)
    letter["Message-ID"] = f"<notice-{notice.id}-{request.id}@{settings.mail_from.partition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers of absence
    letter.set_content(
        f"{words_of(kind, request)}\n\nRequest: {title}\nId: {request.id}\n\n{settings.url}{PAGE}{request.id}\n\n"
        "You get this because the request is yours or waits for somebody in your role. It holds no results.\n"
    )
    return letter

"""What a person sees when the edge itself answers: a refusal, or a service that is away. Needs no other service."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, Template

from governance.look import LOOK_FOLDER
from governance.refusal import Refusal
from hub.edge.headers import EVERYWHERE

TEMPLATES = Path(__file__).resolve().parent / "templates"
PAGE_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
STATUS = {
    "ambiguous-path": 400,
    "bad-handshake": 400,
    "body-too-large": 413,
    "register-away": 503,
    "too-many-sign-ins": 429,
    "too-many-websockets": 429,
    "too-slow": 408,
    "traffic-cap-reached": 429,
    "wrong-host": 421,
    "not-running": 503,
    "no-such-page": 404,
}
REFUSED = 403
RETRY_SECONDS = 3


class TryLater(Refusal):
    """A refusal that ends by itself after so many seconds."""

    def __init__(self, code: str, message: str, remedy: str, *, retry_seconds: int) -> None:
        super().__init__(code, message, remedy)
        self.retry_seconds = retry_seconds


NOT_RUNNING = Refusal("not-running", "This part of the gateway does not answer just now.", "Try again in a moment.")
NOT_FOUND = Refusal("no-such-page", "There is no such page.", "Go to the start page.")
TOO_LARGE = Refusal("body-too-large", "This upload is larger than the gateway takes.", "Send less at once.")
WRONG_HOST = Refusal("wrong-host", "The gateway is not known by this name.", "Use its own address.")
MANY_WEBSOCKETS = Refusal(
    "too-many-websockets", "This workspace has as many connections as the gateway keeps.", "Close notebooks and tabs."
)
TOO_SLOW = Refusal("too-slow", "The upload came too slowly.", "Try again on a better line.")
FAILED = Refusal("edge-failed", "The gateway could not pass this request on.", "Try again; then ask the service desk.")


def answer_refusal(request: web.BaseRequest, refusal: Refusal) -> web.Response:
    """The refusal as a page for a person, or as JSON for a program."""
    status = STATUS.get(refusal.code, REFUSED)
    headers = {**EVERYWHERE, "Cache-Control": "no-store"}
    if status == STATUS[NOT_RUNNING.code]:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(refusal, TryLater):
        headers["Retry-After"] = str(refusal.retry_seconds)
    if not _wants_page(request):
        return web.json_response(refusal.as_dict(), status=status, headers=headers)
    text = _template().render(
        page_title="Not available just now" if status == STATUS[NOT_RUNNING.code] else "Not allowed here",
        refusal=refusal,
        retry_seconds=RETRY_SECONDS if status == STATUS[NOT_RUNNING.code] else None,
        style=_style(),
    )
    headers["Content-Security-Policy"] = PAGE_POLICY
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _wants_page(request: web.BaseRequest) -> bool:
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return mode == "navigate" and "text/html" in request.headers.get("Accept", "")


@lru_cache
def _template() -> Template:
    loader = FileSystemLoader([TEMPLATES, LOOK_FOLDER])
    return Environment(loader=loader, autoescape=True).get_template("refused.html")


@lru_cache
def _style() -> str:
    return (LOOK_FOLDER / "style.css").read_text()  # inline: the service that serves it may be the one that is away

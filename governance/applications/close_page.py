"""The certificate of a close-out as a page for people: plain HTML, nothing loaded, the JSON it proves beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any


def certificate_page(written: str, said: Mapping[str, Any]) -> str:
    """The page of a certificate that was verified (`closing.verify_certificate`); `written` is the file itself."""
    rows = [
        ("Project", f"{said['title']} ({said['project']})"),
        ("From", said["from"]),
        ("To", said["to"]),
        ("Closed on the order of", said["ordered_by"]),
        ("Ordered", said["ordered_at"]),
        ("Certified", said["certified_at"]),
    ]
    table = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows
    )
    parts = "".join(
        f"<h2>{escape(name.capitalize())}</h2><p>Done {escape(part['done_at'])} by {escape(part['done_by'])}.</p>"
        f"<pre>{escape(json.dumps(part['facts'], indent=1, sort_keys=True))}</pre>"
        for name, part in said["parts"].items()
    )
    return (
        "<!doctype html><html lang='en-GB'><head><meta charset='utf-8'>"
        f"<title>Certificate of close-out: {escape(said['project'])}</title></head><body>"
        f"<main><h1>Certificate of close-out</h1><table>{table}</table>{parts}"
        f"<h2>Signed file</h2><p>Verify it with: sde project verify-close FILE --public-key KEY</p>"
        f"<pre>{escape(written)}</pre></main></body></html>\n"
    )

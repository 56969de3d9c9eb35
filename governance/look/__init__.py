"""The look every page of the gateway shares: `base.html`, `components.html` and `style.css`, plain files.

Rooms may not import one another, so what the portal and the airlock must show alike lives here; each room's service
gives this folder to its own Jinja loader (with autoescape on) and the portal serves the style sheet.
"""

from pathlib import Path

LOOK_FOLDER = Path(__file__).resolve().parent

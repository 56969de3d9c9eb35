"""The settings, from governance.settings."""

from __future__ import annotations

from governance.settings import ENVIRONMENT_PREFIX, Settings


def page() -> str:
    """Every setting with its default and meaning."""
    rows = [
        f"| `{name}` | `{ENVIRONMENT_PREFIX}{name.upper()}` | `{field.default}` | {field.description or ''} |"
        for name, field in Settings.model_fields.items()
    ]
    return (
        "# Settings\n\nIn `sde.toml` in the state folder, or in the environment, which wins. An unknown key refuses to"
        " start.\n\n| key | environment | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows)
    )

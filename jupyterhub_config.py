"""Configuration of the hub: all of it is made by hub.configure from the settings."""

from hub.configure import configure

configure(get_config())  # type: ignore[name-defined]  # noqa: F821  (JupyterHub provides get_config)

"""Makes the cell magic `%%sde` available in every notebook; images/setup.sh puts this file into the environment."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821  (IPython provides get_config)
c.InteractiveShellApp.extensions = ["sde"]

"""What can go wrong, in words: a refusal by policy, or a service that does not answer."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818  (a refusal is an answer)
    """The guard or the airlock said no. `code` is stable; the text says why and what to do instead."""

    def __init__(self, code: str, message: str, remedy: str = "", where: str = "") -> None:
        self.code, self.message, self.remedy, self.where = code, message, remedy, where
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"Refused [{self.code}]: {self.message}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.remedy:
            lines.append(f"  instead: {self.remedy}")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines in place of a stack trace: a refusal is an answer, not a crash."""
        return str(self).splitlines()


class ServiceUnavailable(Refused):
    """The workspace cannot reach the service just now."""

    def __init__(self, service: str) -> None:
        super().__init__(
            "service-unavailable",
            f"The {service} does not answer.",
            "Wait a moment and run the cell again; if it stays so, restart your workspace.",
        )

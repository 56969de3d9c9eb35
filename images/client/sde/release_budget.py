"""How many numbers about people you may still be told today."""

from __future__ import annotations

from dataclasses import dataclass

from sde.guard import project


@dataclass(frozen=True)
class Budget:
    """Your release budget in this project, in cells. A cell is one number about people in an answer; a suppressed cell
    costs nothing. The last answer of a day may be larger than what is left.

    Attributes:
        project: short name of your project.
        total: cells the project allows you a day (UTC).
        left: cells left today; at 0 the guard refuses (`budget-spent`) until midnight UTC.
    """

    project: str
    total: int
    left: int

    def __repr__(self) -> str:
        anew = "It starts anew at midnight UTC."
        more = "" if self.left else " An administrator can raise it for the project."
        return f"{self.left:,} of {self.total:,} cells left today in {self.project}. {anew}{more}"


def budget() -> Budget:
    """Your release budget today: `.left`, `.total`, and in words when printed. Asking costs nothing."""
    found = project()
    return Budget(str(found["project"]), int(str(found["budget_cells"])), int(str(found["cells_left"])))

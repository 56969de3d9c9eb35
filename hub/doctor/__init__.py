"""What isolation, limits and versions are in force on this machine: said as it is, weaker where it is weaker."""

from hub.doctor.examination import CHECKS, examine
from hub.doctor.finding import Finding, Verdict

__all__ = ["CHECKS", "Finding", "Verdict", "examine"]

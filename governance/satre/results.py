"""What the last run of the tests says, from pytest's JUnit file. Promise: what did not run has not passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from governance.refusal import Refusal

NOT_PASSED = ("failure", "error", "skipped")


@dataclass(frozen=True)
class Results:
    """Names of tests as dotted paths without their parameters; `passed` holds those of which every case passed."""

    passed: frozenset[str] = frozenset()
    other: frozenset[str] = frozenset()
    source: str = field(default="no results", compare=False)

    def hold(self, test: str) -> bool:
        """Whether the test, or everything in the class, file or folder of that name, ran and passed."""
        name = test.removesuffix(".py").replace(".py::", ".").replace("::", ".").replace("/", ".")
        return any(_within(ran, name) for ran in self.passed) and not any(_within(ran, name) for ran in self.other)


NO_RESULTS = Results()


def read_results(file: Path) -> Results:
    """The results of one run. Raises Refusal `no-results` for a file that is none. A case that was skipped, or that is
    expected to fail, counts as not passed where it is the only one of its name; beside others it tells nothing."""
    try:
        cases = list(ElementTree.parse(file).iter("testcase"))  # noqa: S314  (our own test run's file)
    except (OSError, ElementTree.ParseError):
        raise Refusal("no-results", "This is no file of test results.", "Make one with `make test`.") from None
    passed, failed = set(), set()
    for case in cases:
        name = f"{case.get('classname', '')}.{case.get('name', '').partition('[')[0]}"
        outcome = next((kind for kind in NOT_PASSED if case.find(kind) is not None), "")
        if outcome in ("failure", "error"):
            failed.add(name)
        elif not outcome:
            passed.add(name)
    return Results(frozenset(passed - failed), frozenset(failed), file.name)


def _within(ran: str, name: str) -> bool:
    return ran == name or ran.startswith(f"{name}.")

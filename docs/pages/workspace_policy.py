"""The policy of a workspace on every platform, from hub.platforms.policy."""

from __future__ import annotations

from hub.platforms.facts import Platform
from hub.platforms.policy import RULES, Rule

_INTRODUCTION = """# What every workspace keeps to

One policy, whatever a workspace runs in. Each rule is checked on the very thing that is handed to the platform:
bubblewrap's arguments, the request to the Docker engine, the pod and the network policy of Kubernetes. The tests take
each setting away, one at a time, and expect this policy to notice. Both spawners of platforms check it once more before
they start anything.

"Promise" is the row of [the walls of a workspace](../explanation/isolation.md). Docker and Kubernetes: no engine has
run these specifications here, see
[deploying on Docker or Kubernetes](../how-to/deploy-on-docker-or-kubernetes.md).

| rule | what it says | source | sandbox | Docker | Kubernetes |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Every rule, its source, and where it is kept."""
    return _INTRODUCTION + "\n".join(_row(rule) for rule in RULES)


def _row(rule: Rule) -> str:
    kept = [rule.elsewhere.get(platform, "checked") for platform in Platform]
    return f"| `{rule.name}` | {rule.says} | {rule.source} | " + " | ".join(kept) + " |"

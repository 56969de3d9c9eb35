"""Finding and filling cgroups, on folders laid out like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.refusal import Refusal
from hub.limits import Group, Groups, Level, find_group, find_groups, make_group
from hub.sandbox import Limits

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

LIMITS = Limits(memory=1000, temporary=1, processes=7, cpus=1.5)


def version_2(root: Path, *, controllers: str = "cpu memory pids", enabled: str = "", name: str = "service") -> Path:
    own = root / name
    own.mkdir(parents=True)
    (root / "cgroup.controllers").write_text("cpu memory pids")
    (own / "cgroup.controllers").write_text(controllers)
    (own / "cgroup.subtree_control").write_text(enabled)
    (own / "cgroup.procs").write_text("11\n12\n")
    return own


def places(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "own"
    file.write_text(text)
    return file


def test_version_2_is_used_where_it_is_delegated(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    own = version_2(root, enabled="cpu memory pids")
    groups = find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service\n"))
    assert groups == Groups(Level.CGROUP_2, {"memory": own, "pids": own, "cpu": own})


def test_version_2_moves_us_into_a_leaf_once(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    own = version_2(root)
    assert find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service\n")).level is Level.CGROUP_2
    assert (own / "sde-gateway" / "cgroup.procs").read_text() == "12"  # the kernel takes one number a write
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_version_2_is_found_again_from_our_leaf(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    own = version_2(root, enabled="cpu memory pids")
    groups = find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service/sde-gateway\n"))
    assert groups.parents["memory"] == own


def test_looking_moves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    own = version_2(root)
    assert find_groups(delegate=False, root=root, own=places(tmp_path, "0::/service\n")).level is Level.CGROUP_2
    assert not (own / "sde-gateway").exists()


def test_version_2_without_the_controllers_does_not_do(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    version_2(root, controllers="cpu pids")
    groups = find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service\n"))
    assert groups == Groups(Level.PROCESS, {})


def test_version_1_is_used_where_it_is_writable(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    for folder in ("memory/us", "pids"):
        (root / folder).mkdir(parents=True)
    groups = find_groups(delegate=True, root=root, own=places(tmp_path, "8:pids:/\n4:memory:/us\n0::/\n"))
    assert groups == Groups(Level.CGROUP_1, {"memory": root / "memory/us", "pids": root / "pids"})


def test_version_1_without_memory_does_not_do(tmp_path: Path) -> None:
    (tmp_path / "cgroup/pids").mkdir(parents=True)
    own = places(tmp_path, "8:pids:/\n4:memory:/us\n")
    assert find_groups(delegate=True, root=tmp_path / "cgroup", own=own).level is Level.PROCESS


VERSION_2 = ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpu.weight")


def kernel_folder(parent: Path, *files: str) -> Path:
    """A group that is there already, with the kernel's files."""
    folder = parent / "sde-one"
    folder.mkdir(parents=True)
    for file in (*files, "cgroup.procs"):
        (folder / file).write_text("")
    return folder


def test_version_2_without_the_processor_controller_still_holds_the_rest(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    version_2(root, controllers="memory pids")
    groups = find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service\n"))
    assert list(groups.parents) == ["memory", "pids"]


def test_a_group_of_version_2_gets_its_limits(tmp_path: Path) -> None:
    folder = kernel_folder(tmp_path, *VERSION_2)
    group = make_group(Groups(Level.CGROUP_2, dict.fromkeys(("memory", "pids", "cpu"), tmp_path)), "one", LIMITS)
    assert group == Group((folder,))
    assert [(folder / file).read_text() for file in VERSION_2] == ["1000", "0", "7", "150000 100000", "50"]
    group.admit(42)
    assert (folder / "cgroup.procs").read_text() == "42"


def test_a_group_of_version_1_gets_its_limits_where_the_files_are(tmp_path: Path) -> None:
    memory = kernel_folder(tmp_path / "memory", "memory.limit_in_bytes")  # no swap is counted here
    pids = kernel_folder(tmp_path / "pids", "pids.max")
    cpu = kernel_folder(tmp_path / "cpu", "cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares")
    groups = Groups(Level.CGROUP_1, {"memory": memory.parent, "pids": pids.parent, "cpu": cpu.parent})
    make_group(groups, "one", LIMITS)
    assert (memory / "memory.limit_in_bytes").read_text() == "1000"
    assert (pids / "pids.max").read_text() == "7"
    assert (cpu / "cpu.cfs_quota_us").read_text() == "150000"
    assert find_group(groups, "one").folders == (memory, pids, cpu)
    assert find_group(groups, "two").folders == ()


@pytest.mark.parametrize("missing", [file for file in VERSION_2 if file != "memory.swap.max"])
def test_a_limit_that_cannot_be_set_starts_nothing(tmp_path: Path, missing: str) -> None:
    kernel_folder(tmp_path, *(file for file in VERSION_2 if file != missing))
    groups = Groups(Level.CGROUP_2, dict.fromkeys(("memory", "pids", "cpu"), tmp_path))
    with pytest.raises(Refusal) as caught:
        make_group(groups, "one", LIMITS)
    assert caught.value.code == "limits-not-set"


def test_a_parent_that_has_gone_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        make_group(Groups(Level.CGROUP_2, {"memory": tmp_path / "gone", "pids": tmp_path / "gone"}), "one", LIMITS)
    assert caught.value.code == "limits-not-set"


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("0::/service/sde-one\n", True),
        ("0::/service\n", False),
        ("0::/sde-one/other\n", False),
        ("4:memory:/us/sde-one\n8:pids:/sde-one\n", True),
        ("4:memory:/us/sde-one\n8:pids:/\n", False),
    ],
)
def test_the_kernel_is_asked_who_is_in_a_group(tmp_path: Path, text: str, held: bool) -> None:
    (tmp_path / "42").mkdir()
    (tmp_path / "42" / "cgroup").write_text(text)
    folders = ("memory", "pids") if "pids" in text else ("all",)
    assert Group(tuple(tmp_path / name / "sde-one" for name in folders)).holds(42, tmp_path) is held


def test_where_no_group_can_be_made_there_is_none() -> None:
    assert make_group(Groups(Level.PROCESS, {}), "one", LIMITS) is None


def test_removing_a_group_twice_is_harmless(tmp_path: Path) -> None:
    group = Group((tmp_path / "gone",))
    group.remove()
    group.remove()

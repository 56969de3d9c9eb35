"""Finding and filling cgroups, on folders laid out like the kernel's."""

from __future__ import annotations

from pathlib import Path

from hub.limits import Group, Groups, Level, find_group, find_groups, make_group
from hub.sandbox import Limits

LIMITS = Limits(memory=1000, temporary=1, processes=7)


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
    own = version_2(root, enabled="memory pids")
    groups = find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service\n"))
    assert groups == Groups(Level.CGROUP_2, {"memory": own, "pids": own})


def test_version_2_moves_us_into_a_leaf_once(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    own = version_2(root)
    assert find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service\n")).level is Level.CGROUP_2
    assert (own / "sde-gateway" / "cgroup.procs").read_text() == "12"  # the kernel takes one number a write
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_version_2_is_found_again_from_our_leaf(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    own = version_2(root, enabled="memory pids")
    groups = find_groups(delegate=True, root=root, own=places(tmp_path, "0::/service/sde-gateway\n"))
    assert groups.parents["memory"] == own


def test_looking_moves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    own = version_2(root)
    assert find_groups(delegate=False, root=root, own=places(tmp_path, "0::/service\n")).level is Level.CGROUP_2
    assert not (own / "sde-gateway").exists()


def test_version_2_without_the_controllers_does_not_do(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    version_2(root, controllers="cpu")
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


def test_a_group_of_version_2_gets_its_limits(tmp_path: Path) -> None:
    folder = tmp_path / "sde-one"
    folder.mkdir()
    for file in ("memory.max", "memory.swap.max", "pids.max", "cgroup.procs"):
        (folder / file).write_text("")
    group = make_group(Groups(Level.CGROUP_2, {"memory": tmp_path, "pids": tmp_path}), "one", LIMITS)
    assert group == Group((folder,))
    assert [(folder / file).read_text() for file in ("memory.max", "memory.swap.max", "pids.max")] == ["1000", "0", "7"]
    group.admit(42)
    assert (folder / "cgroup.procs").read_text() == "42"


def test_a_group_of_version_1_gets_its_limits_where_the_files_are(tmp_path: Path) -> None:
    memory, pids = tmp_path / "memory", tmp_path / "pids"
    for folder, file in ((memory, "memory.limit_in_bytes"), (pids, "pids.max")):
        (folder / "sde-one").mkdir(parents=True)
        (folder / "sde-one" / file).write_text("")
    groups = Groups(Level.CGROUP_1, {"memory": memory, "pids": pids})
    make_group(groups, "one", LIMITS)
    assert (memory / "sde-one/memory.limit_in_bytes").read_text() == "1000"
    assert (pids / "sde-one/pids.max").read_text() == "7"
    assert find_group(groups, "one").folders == (memory / "sde-one", pids / "sde-one")
    assert find_group(groups, "two").folders == ()


def test_where_no_group_can_be_made_there_is_none() -> None:
    assert make_group(Groups(Level.PROCESS, {}), "one", LIMITS) is None


def test_removing_a_group_twice_is_harmless(tmp_path: Path) -> None:
    group = Group((tmp_path / "gone",))
    group.remove()
    group.remove()

"""The demonstration: loaded into nothing but itself, and never in the way of real projects."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from governance.clock import today
from governance.refusal import Refusal
from governance.registry import create_project, initialise
from governance.roles import Mode, Purpose
from governance.settings import Settings, load_settings
from governance.store import Store
from hub.commands.up import check_exposure
from hub.demo import EXTRACTS, check_can_reset, count_other_projects, is_empty, load_demo, remove_state

PRODUCTION = "https://sign-in.example.org"


@pytest.fixture
def with_real_project(demo_register: Store) -> Store:
    create_project(
        demo_register,
        actor="admin",
        slug="stroke",
        title="Stroke",
        purpose=Purpose.LOCAL_RESEARCH,
        mode=Mode.AGGREGATE,
        profile="nhs-sde",
        ends=today() + timedelta(days=9),
    )
    return demo_register


def test_an_empty_register_is_noticed(store: Store) -> None:
    assert is_empty(store)


def test_the_demonstration_is_known_from_real_projects(with_real_project: Store) -> None:
    assert not is_empty(with_real_project)
    assert count_other_projects(with_real_project) == 1


def test_the_two_extracts_are_different_cuts() -> None:
    assert [extract.project for extract in EXTRACTS] == ["gi-bleed", "respiratory"]
    assert len({extract.arguments for extract in EXTRACTS}) == 2


def test_the_demonstration_is_not_loaded_in_production(store: Store) -> None:
    with pytest.raises(Refusal, match="demo-only"):
        load_demo(load_settings(oidc_issuer=PRODUCTION), print)


def test_a_reset_never_removes_real_projects(settings: Settings, demo_register: Store) -> None:
    check_can_reset(settings)
    with pytest.raises(Refusal, match="demo-reset-refused"):
        check_can_reset(load_settings(oidc_issuer=PRODUCTION))


def test_a_reset_is_refused_beside_a_real_project(settings: Settings, with_real_project: Store) -> None:
    with pytest.raises(Refusal, match="demo-reset-refused"):
        check_can_reset(settings)


def test_a_reset_removes_what_is_ours_and_follows_no_link(settings: Settings, tmp_path: Path) -> None:
    initialise(settings).close()
    root, outside = settings.folder.root, tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    (root / "homes" / "link").symlink_to(outside)
    sealed = settings.folder.extracts / "gi-bleed" / "1"
    sealed.mkdir(parents=True)
    (sealed / "extract.duckdb").write_text("data")
    (sealed / "extract.duckdb").chmod(0o400)
    sealed.chmod(0o500)
    (root / "sde.toml").write_text("port = 9000\n")
    (root / "notes.txt").write_text("the operator's own")
    remove_state(settings)
    assert sorted(file.name for file in root.iterdir()) == ["notes.txt", "sde.toml"]
    assert (outside / "precious").read_text() == "kept"
    assert is_empty(initialise(settings))


def test_accounts_without_passwords_do_not_stand_before_real_projects(with_real_project: Store) -> None:
    check_exposure(load_settings(), with_real_project)
    check_exposure(load_settings(host="0.0.0.0", oidc_issuer=PRODUCTION), with_real_project)
    with pytest.raises(Refusal, match="demo-accounts-exposed"):
        check_exposure(load_settings(host="0.0.0.0"), with_real_project)


def test_the_demonstration_alone_may_be_shown_on_a_network(demo_register: Store) -> None:
    check_exposure(load_settings(host="0.0.0.0"), demo_register)

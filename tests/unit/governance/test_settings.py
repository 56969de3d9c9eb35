"""Settings: environment over file over defaults; anything unknown or wrong refuses to start and shows no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SDE_{name.upper()}", raising=False)
    folder = tmp_path / "var"
    folder.mkdir()
    return folder


def refused() -> Refusal:
    with pytest.raises(Refusal) as caught:
        load_settings()
    assert caught.value.code == "bad-settings"
    return caught.value


def test_the_state_folder_defaults_to_var_here(state: Path) -> None:
    settings = load_settings()
    assert settings.folder.root == state
    assert settings.url == "http://127.0.0.1:8000"
    assert settings.is_demo
    assert settings.register_place == str(state / "register.db")
    assert settings.client_secret_file is None


@pytest.mark.parametrize("given", ["elsewhere", "./elsewhere", "var/../elsewhere"])
def test_a_relative_state_folder_does_not_move_with_the_process(
    state: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDE_STATE", given)
    settings = load_settings()
    monkeypatch.chdir("/")
    assert settings.folder.root.is_absolute()
    assert settings.folder.root.resolve() == state.parent / "elsewhere"


def test_an_empty_state_means_the_default(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDE_STATE", "")
    assert load_settings().folder.root == state


def test_home_is_understood(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(state))
    monkeypatch.setenv("SDE_STATE", "~/gateway")
    assert load_settings().folder.root == state / "gateway"


def test_environment_wins_over_file_over_default(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "sde.toml").write_text('port = 9000\nhost = "0.0.0.0"\noidc_client_secret_file = "keys/oidc"\n')
    monkeypatch.setenv("SDE_PORT", "9001")
    settings = load_settings()
    assert (settings.host, settings.port) == ("0.0.0.0", 9001)
    assert settings.client_secret_file == state / "keys" / "oidc"
    assert load_settings(port=9002).port == 9002


def test_production_differs_by_issuer_and_address(state: Path) -> None:
    (state / "sde.toml").write_text('oidc_issuer = "https://id.example.org"\npublic_url = "https://sde.example.org/"\n')
    settings = load_settings()
    assert not settings.is_demo
    assert settings.url == "https://sde.example.org"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 9000", "prot"),
        ("port = 70000", "port"),
        ('port = "hunter2"', "port"),
        ("query_seconds = 0", "query_seconds"),
        ("workspace_memory_bytes = -1", "workspace_memory_bytes"),
        ('register_url = "mysql://u:hunter2@h/d"', "register_url"),
        ('public_url = "ftp://hunter2"', "public_url"),
        ('[nested]\npassword = "hunter2"', "nested"),
        ('state = "/hunter2"', "state"),
        ("port = = 9000", "not valid TOML"),
        ("\xff", "not valid TOML"),
    ],
)
def test_a_wrong_file_refuses_to_start_and_shows_no_value(state: Path, text: str, said: str) -> None:
    (state / "sde.toml").write_bytes(text.encode("latin-1"))
    refusal = refused()
    assert said in refusal.message
    assert "hunter2" not in str(refusal)


@pytest.mark.parametrize("name", ["SDE_PROT", "sde_prot", "SDE_", "SDE_STATE_FOLDER"])
def test_an_unknown_variable_refuses_to_start(state: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hunter2")
    refusal = refused()
    assert name in refusal.message
    assert "hunter2" not in str(refusal)


def test_a_wrong_variable_is_named(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDE_QUERY_ROWS", "hunter2")
    assert "query_rows" in refused().message


def test_our_own_set_up_may_leave_its_variables(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDE_PYTHON", "/usr/bin/python3")
    load_settings()


def test_a_password_in_the_address_is_never_shown(state: Path) -> None:
    settings = load_settings(register_url="postgresql+psycopg://u:hunter2@h/d")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.register_place


def test_every_setting_is_explained() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []

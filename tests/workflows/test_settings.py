"""Settings are read once, and a slip of the pen is told."""

import pytest

from errors import SettingsError
from workflows.settings import Settings, read_settings


def written(tmp_path, text):
    path = tmp_path / "medpatrol.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_is_the_default():
    """Somebody who reads medpatrol.toml must see what is in force."""
    assert read_settings() == Settings()


def test_a_key_changes_just_its_own_value(tmp_path):
    """A bureau states only what differs."""
    settings = read_settings(written(tmp_path, "[planning.shifts]\nmax_teams = 3\n"))
    assert settings.planning.shifts.max_teams == 3
    assert settings.planning.shifts.end_s == Settings().planning.shifts.end_s


def test_a_table_of_values_is_merged(tmp_path):
    """One severity may be set without repeating the others."""
    settings = read_settings(written(tmp_path, "[scoring.severity]\nhygiene = 3.0\n"))
    assert settings.scoring.severity["hygiene"] == 3.0
    assert settings.scoring.severity["unlicensed_practice"] == 10.0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[planning]\nmax_team = 3\n", "planning.max_team"),
        ("[planning.shifts]\nmax_teams = 'three'\n", "planning.shifts.max_teams"),
        ("planning = 3\n", "planning"),
        ("[planning\n", "medpatrol.toml"),
        ("[planning.shifts]\nmax_teams = true\n", "planning.shifts.max_teams"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path, text, named):
    """An ignored setting is worse than none."""
    with pytest.raises(SettingsError) as caught:
        read_settings(written(tmp_path, text))
    assert named in str(caught.value)


def test_the_environment_names_the_file_in_use(tmp_path, monkeypatch):
    """Worker and pages are other processes; a file given by hand still comes first."""
    one = written(tmp_path, "[planning.shifts]\nmax_teams = 1\n")
    monkeypatch.setenv("MEDPATROL_SETTINGS", str(one))
    assert read_settings().planning.shifts.max_teams == 1
    other = tmp_path / "other.toml"
    other.write_text("[planning.shifts]\nmax_teams = 2\n", encoding="utf-8")
    assert read_settings(other).planning.shifts.max_teams == 2


def test_a_file_that_is_not_there_is_told(tmp_path):
    """One sentence with its path, no trace."""
    with pytest.raises(SettingsError, match=r"none\.toml"):
        read_settings(tmp_path / "none.toml")

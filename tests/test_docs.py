"""The documents say what is in force."""

import re
from pathlib import Path

import pytest

from workflows.settings import settings_markdown

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))


def test_every_setting_is_documented_with_its_default():
    """A setting nobody can read about is none; `python -m workflows.settings` rewrites it."""
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_markdown()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(page):
    """A newcomer follows them in the first hour."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_the_tree_names_no_registry_and_no_path_of_a_machine():
    """Locks carry hashes, not addresses; the project speaks of itself alone."""
    home = re.escape(f"{Path.home()}/")
    forbidden = re.compile(rf'https?://|"resolved"|index.url|{home}')
    names = ("requirements.lock", "requirements-dev.lock", "package-lock.json", "pyproject.toml")
    found = [name for name in names if forbidden.search((ROOT / name).read_text(encoding="utf-8"))]
    assert found == []

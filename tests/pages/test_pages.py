"""Each page as a person sees it: empty, and with a district loaded, scored and planned."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests import signing_in
from tests.conftest import WEEK

ROOT = Path(__file__).parents[2]
PAGES = (
    "overview",
    "hotspots",
    "leads",
    "weekly_plan",
    "evenness",
    "score_card",
    "import_data",
    "signals",
    "cases",
    "facilities",
    "persons",
    "officers",
    "matches",
    "areas",
)


def opened(page, store, monkeypatch, *, language="zh", user=None):
    """Run a page inside the product's frame and return what it shows."""
    monkeypatch.setenv("MEDPATROL_STORE", store.url)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.user = user or signing_in.user_of(store)
    at.query_params["lang"] = language
    at.run()
    if page != "overview":
        at.switch_page(f"pages/{page}.py").run()
    return at


def words(at):
    """Return all text on the page."""
    kinds = (at.title, at.subheader, at.markdown, at.caption, at.text, at.info, at.warning)
    shown = [element.value for kind in kinds for element in kind]
    shown += [f"{metric.label} {metric.value}" for metric in at.metric]
    shown += [link.proto.label for link in at.get("page_link")]
    return "\n".join(shown)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_an_empty_store_says_what_to_do_next(page, language, empty_store, monkeypatch):
    """A newcomer must find the way to his first file from any page."""
    at = opened(page, empty_store, monkeypatch, language=language)
    assert not at.exception
    way = {"zh": "导入", "en": "mport"}[language]
    assert way in words(at) + "".join(button.label for button in at.button)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_data_runs_and_shows_its_title(page, language, planned_store, monkeypatch):
    """No page breaks on real rows, in either language."""
    at = opened(page, planned_store, monkeypatch, language=language)
    assert not at.exception
    assert at.title[0].value


def test_a_page_in_english_holds_no_chinese(planned_store, monkeypatch):
    """Half-translated screens are unreadable; names out of the data may stay as they are."""
    at = opened("evenness", planned_store, monkeypatch, language="en")
    labels = [m.label for m in at.metric] + [s.value for s in at.subheader] + [at.title[0].value]
    assert not [label for label in labels if any("\u4e00" <= c <= "\u9fff" for c in label)]


def test_the_first_page_counts_overdue_leads(planned_store, monkeypatch):
    """Leads received more than thirty days before and still open are late."""
    at = opened("overview", planned_store, monkeypatch)
    late = next(m for m in at.metric if m.label == "超期线索")
    assert int(late.value.split()[0]) > 0


def test_the_plan_page_shows_value_and_bound(planned_store, monkeypatch):
    """A planner sees how good the plan is at least."""
    monkeypatch.setenv("MEDPATROL_STORE", planned_store.url)
    at = opened("weekly_plan", planned_store, monkeypatch)
    week = at.selectbox(key="week")
    [planned] = [option for option in week.options if f"（{WEEK:%m-%d} " in option]
    week.select(planned).run()
    assert any(m.label == "至少为最优的" for m in at.metric)


def test_an_empty_week_says_so(planned_store, monkeypatch):
    """No plan yet is no error."""
    at = opened("weekly_plan", planned_store, monkeypatch)
    at.selectbox(key="week").select_index(8).run()
    assert "本周还没有计划" in words(at)


def test_pages_never_show_a_complainant(planned_store, monkeypatch):
    """Privacy is law."""
    from tests.small_city import CANARY_NAME, CANARY_PHONE

    for page in PAGES:
        at = opened(page, planned_store, monkeypatch)
        shown = words(at) + "".join(str(frame.value) for frame in at.dataframe)
        assert CANARY_NAME not in shown
        assert CANARY_PHONE not in shown


def test_the_demo_city_is_removed_with_one_click(empty_store, monkeypatch):
    """A bureau that starts for real wants none of it left."""
    from datetime import UTC, datetime

    from data.scope import EVERYTHING
    from data.store.rows import count_rows
    from workflows.demo import fill_store

    now = datetime(2026, 11, 23, tzinfo=UTC)
    fill_store(empty_store, now=now, scale="county")
    assert count_rows(empty_store, scope=EVERYTHING, as_of=now)["facilities"] > 0
    at = opened("demo_city", empty_store, monkeypatch)
    next(button for button in at.button if button.label == "移除示例城市").click().run()
    assert not at.exception
    assert not any(count_rows(empty_store, scope=EVERYTHING, as_of=now).values())


def test_an_empty_store_offers_the_demo_city(empty_store, monkeypatch):
    """Somebody who only wants to look needs no files."""
    from data.store import jobs

    at = opened("overview", empty_store, monkeypatch)
    next(button for button in at.button if button.label == "载入示例城市").click().run()
    assert not at.exception
    from data.scope import EVERYTHING

    assert [job.kind for job in jobs.active_jobs(empty_store, scope=EVERYTHING)] == ["demo"]

"""What a page hands to the map."""

import re

import pytest

from data.schema import FACILITY_KINDS
from ui import maps


def test_a_layer_comes_from_an_own_address():
    """A foreign address would be a request beyond this machine."""
    with pytest.raises(ValueError, match="own address"):
        maps.MapLayer(name="x", url="https://example.invalid/x.json", kind="cells")


def test_a_layer_is_of_a_kind_the_map_can_draw():
    """A misspelt kind would be an empty map without a word."""
    with pytest.raises(ValueError, match="kind must be"):
        maps.MapLayer(name="x", url="/data/x.json", kind="cell")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sentences_keep_what_the_browser_fills_in(language):
    """The counts are known only where the data is."""
    words = maps.legend_words(language)
    wanted = {
        "as_of": {"date"}, "not_looked": {"m"}, "leads_open": {"n"}, "leads_closed": {"n"},
        "cases": {"d", "n"}, "facilities": {"kind", "n"}, "team": {"letter"}, "cell_size": {"a"},
        "blurred": {"n"}, "tip_cell": {"p"}, "tip_facility": {"p"}, "tip_leads": {"n", "m"},
        "visited": {"d"}, "failed": {"layers"}, "km": {"n"}, "m": {"n"},
    }  # fmt: skip
    for name, placeholders in wanted.items():
        assert set(re.findall(r"\{(\w+)\}", words[name])) == placeholders, name


def test_an_english_map_has_no_chinese_word():
    """A half-translated legend reads as a fault."""
    words = maps.legend_words("en")
    texts = [value for value in words.values() if isinstance(value, str)]
    texts += [
        *words["layers"].values(),
        *words["facility_kinds"].values(),
        *words["topics"].values(),
    ]
    assert [text for text in texts if re.search(r"[\u4e00-\u9fff]", text)] == []
    assert set(words["facility_kinds"]) == set(FACILITY_KINDS)


def test_one_class_label_per_colour():
    """No point without class limits."""
    words = maps.legend_words("zh")
    assert len(words["classes"]) == len(maps._tokens()["light"]["ramp"])


def test_the_version_follows_the_scripts():
    """A changed script must reach a browser that has the old one for a year."""
    assert re.fullmatch(r"[0-9a-f]{12}", maps.assets_version())


def test_own_scripts_only_ever_set_text():
    """Markup from data would run with the rights of the page."""
    for path in maps.ASSETS.glob("*.js"):
        source = path.read_text("utf-8")
        for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert banned not in source, path.name
        assert "http://" not in source.replace("http://www.w3.org", "")
        assert "https://" not in source

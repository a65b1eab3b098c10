"""Map documents: only our own files, and no text of a record ever becomes code."""

import json
import re

import pytest

from errors import AssetsError
from tests.browser import payload_texts, synthetic
from ui import maps
from web import documents


@pytest.fixture(scope="module")
def drawn():
    """Return both documents, with hostile names in them."""
    names = payload_texts.HOSTILE
    areas = synthetic.areas()
    return {
        "hotspots": documents.hotspots(synthetic.cells(300, names=names), areas, language="zh"),
        "plan": documents.weekly_plan(synthetic.plan(names=names), areas, language="en"),
    }


def _content(document):
    """Return what the document hands to its script."""
    literal = re.search(r'JSON\.parse\((".*?")\)\);', document)[1]
    return json.loads(json.loads(literal))


@pytest.mark.parametrize("name", ["hotspots", "plan"])
def test_a_document_names_our_own_files_only(drawn, name):
    """Unpatched, folium asks five foreign hosts and is blank without them."""
    sources = re.findall(r"""(?:src|href)=["']([^"']+)""", drawn[name])
    assert sources
    assert all(source.startswith(f"/assets/{maps.assets_version()}/") for source in sources)
    assert "//" not in "".join(
        re.sub(r"<script>.*?</script>", "", drawn[name], flags=re.DOTALL).split()
    )


@pytest.mark.parametrize("name", ["hotspots", "plan"])
def test_one_file_needs_nothing_else(drawn, name):
    """A colleague opens it from a disk."""
    alone = documents.as_one_file(drawn[name])
    outside = re.sub(r"<(script|style)>.*?</\1>", "", alone, flags=re.DOTALL)
    assert not re.search(r"(?:src|href|url)\s*[=(]", outside)
    styles = re.findall(r"<style>(.*?)</style>", alone, flags=re.DOTALL)
    assert all("url(" not in style for style in styles)
    assert "Content-Security-Policy" in outside


@pytest.mark.parametrize("text", payload_texts.HOSTILE)
def test_a_hostile_name_arrives_as_the_same_text(text):
    """Neither the template engine, nor HTML, nor the script may change or run it."""
    literal = documents.script_literal({"name": text})
    assert not re.search(r"[{}%#<>&'`$]", literal)
    assert json.loads(json.loads(literal)) == {"name": text}


def test_hostile_names_reach_the_document_unread(drawn):
    """What branca yields is read as a template again: braces in a name would run on the server."""
    assert set(_content(drawn["hotspots"])["cells"]["areas"]) == set(payload_texts.HOSTILE)
    [first, *_] = _content(drawn["plan"])["plan"]["routes"]
    assert [stop["name"] for stop in first["stops"]] == payload_texts.HOSTILE[:5]
    for document in drawn.values():
        assert len(re.findall(r"<script[ >]", document)) == 5


def test_a_folium_class_of_unknown_needs_is_refused():
    """A new version of folium is looked at before it is used."""
    with pytest.raises(AssetsError, match="未登记"):
        documents._local("Map", "a_new_thing")
    assert documents._local("Map", "bootstrap") is None
    assert documents._local("Map", "leaflet")[1].endswith("/vendor/leaflet/leaflet.js")


def test_every_folium_class_is_local_after_the_rewrite():
    """Walk every class that folium has, not only those used today."""
    from folium.elements import JSCSSMixin

    documents.localise()
    for cls in (JSCSSMixin, *documents._subclasses(JSCSSMixin)):
        for _, address in (*cls.default_js, *cls.default_css):
            assert address.startswith(("/assets/", "refused:")), (cls, address)


@pytest.mark.parametrize(
    "part",
    ['<script src="//example.invalid/x.js"></script>', "<img src='http://example.invalid/x.png'>",
     "<link href=https://example.invalid/x.css>", "<style>a{b:url(//example.invalid/x)}</style>",
     3 * "<script>a()</script>", '<script src="refused:d3"></script>'],
)  # fmt: skip
def test_a_document_with_a_foreign_address_is_not_handed_out(part):
    """The last check before the bytes leave."""
    with pytest.raises(AssetsError):
        documents._check(f"<html>{part}</html>")


def test_the_policy_of_a_document_lets_only_its_own_scripts_run(drawn):
    """Each inline script by its hash, everything else refused."""
    policy = documents.content_policy(drawn["plan"])
    scripts = policy.split("script-src ")[1].split(";")[0].split()
    assert scripts[0] == "'self'"
    assert len(scripts) == 1 + documents.N_INLINE_SCRIPTS
    assert "default-src 'none'" in policy

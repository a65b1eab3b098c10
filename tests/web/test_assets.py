"""The browser libraries: pinned, checked, complete, from nowhere named here."""

import json
import shutil

import pytest

from errors import AssetsError
from web import assets


def test_the_lock_file_names_no_address_and_pins_every_hash():
    """Where packages come from is for the machine to say; what they are is for us."""
    lock = json.loads((assets.ROOT / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {name.removeprefix("node_modules/") for name in packages} == set(assets.KEPT)
    for entry in packages.values():
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry
    for name in assets.NPM_FILES:
        assert "http" not in (assets.ROOT / name).read_text("utf-8")


def test_what_is_installed_is_what_the_manifest_says():
    """Versions, licences and hashes of every file that is served."""
    assert assets.is_complete()
    manifest = json.loads((assets.VENDOR / assets.MANIFEST).read_text("utf-8"))
    described = {p["name"]: (p["version"], p["licence"]) for p in manifest["packages"]}
    assert described == {"jquery": ("3.7.1", "MIT"), "leaflet": ("1.9.4", "BSD-2-Clause")}


def test_a_second_install_does_nothing():
    """The second `make run` must start at once, and without a network."""
    assert assets.install(npm=["/no/such/npm"]) is False


@pytest.mark.parametrize("damage", ["missing", "changed", "other lock", "no manifest"])
def test_damage_is_noticed(tmp_path, damage):
    """A half-copied folder would be a blank map."""
    vendor = tmp_path / "vendor"
    shutil.copytree(assets.VENDOR, vendor)
    assert assets.is_complete(vendor)
    manifest = vendor / assets.MANIFEST
    if damage == "missing":
        (vendor / "leaflet" / "leaflet.js").unlink()
    elif damage == "changed":
        (vendor / "leaflet" / "leaflet.js").write_text("x", encoding="utf-8")
    elif damage == "other lock":
        content = json.loads(manifest.read_text("utf-8")) | {"lock_sha256": "0"}
        manifest.write_text(json.dumps(content), encoding="utf-8")
    else:
        manifest.unlink()
    assert not assets.is_complete(vendor)


def test_npm_that_fails_leaves_the_old_folder_alone(tmp_path):
    """A broken network at set-up must not take away what worked."""
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / "old").write_text("old", encoding="utf-8")
    with pytest.raises(AssetsError, match="npm"):
        assets.install(npm=["false"], vendor=vendor)
    assert (vendor / "old").exists()


def test_no_served_script_asks_for_a_source_map():
    """Developer tools would ask for files that are not there."""
    for path in assets.VENDOR.rglob("*.js"):
        assert "sourceMappingURL" not in path.read_text("utf-8")


def test_the_packaged_npm_is_there():
    """A machine without node still gets its map."""
    node, script = assets.packaged_npm()
    assert node.endswith("node")
    assert script.endswith("npm-cli.js")

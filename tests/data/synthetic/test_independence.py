"""The made-up city knows nothing of the models that are measured on it."""

import ast
import subprocess
import sys
from pathlib import Path

import data.synthetic

FOLDER = Path(data.synthetic.__file__).parent
FORBIDDEN = ("geo.urban_rural", "risk", "routing", "workflows", "data.store", "data.importers")


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_no_module_names_a_model_or_the_formula_of_urban_rural_classes():
    """A class computed twice by one formula would agree with itself, right or wrong."""
    modules = sorted(FOLDER.glob("*.py"))
    assert len(modules) > 15
    named = {(path.name, name) for path in modules for name in _imports(path)}
    assert [item for item in named if item[1].startswith(FORBIDDEN)] == []


def test_nothing_of_them_is_loaded_on_the_way_either():
    """An import of an import would let the models in by the back door."""
    code = (
        "import sys, data.synthetic.city, data.synthetic.picture\n"
        f"bad = {FORBIDDEN!r}\n"
        "print([name for name in sys.modules if name.startswith(bad)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

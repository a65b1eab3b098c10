"""
Keep the English catalogue complete: every Chinese sentence of the code has its English.

``python -m workflows.catalogue`` adds the missing sentences, without a
translation, to ``locales/en`` and drops those no code says any more; a test
fails while one is untranslated.
"""

import ast
import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
PACKAGES = ("geo", "data", "risk", "routing", "workflows", "ui", "pages", "web")
SINGLE_FILES = ("app.py", "cli.py", "errors.py")
NOT_SENTENCES = (
    "data/schema.py",
    "data/synthetic/",
    "data/importers/headers.py",
    "geo/addresses.py",
    "geo/gazetteer.py",
    "workflows/match_candidates.py",
)
"""Vocabularies carry both languages themselves; the demo city's names are names."""
ENGLISH = ROOT / "locales" / "en" / "LC_MESSAGES" / "medpatrol.po"
READERS = (
    "data/importers/checks.py", "data/importers/left_out.py", "data/importers/proposal.py",
    "data/importers/values.py", "geo/seats.py", "geo/urban_form.py", "risk/track_pairs.py",
)  # fmt: skip
"""Modules that read what people wrote: only what is written as a sentence is one there."""
_WRITTEN = re.compile(r"[，。；：{]")
_PATTERN = re.compile(r"[\[\]|^\\]")
_MARKS = frozenset({"是", "否", "有", "无"})
"""Words that files write in a yes-no column: read, never said."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def sentences() -> dict[str, list[str]]:
    """Return every Chinese string of the code that is no docstring → the files that say it."""
    files = [ROOT / name for name in SINGLE_FILES]
    files += [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    found: dict[str, list[str]] = {}
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if not path.is_file() or name.startswith(NOT_SENTENCES):
            continue
        for sentence in _strings(ast.parse(path.read_text(encoding="utf-8"))):
            if name in READERS and (not _WRITTEN.search(sentence) or _PATTERN.search(sentence)):
                continue
            found.setdefault(sentence, []).append(name)
    return found


def _strings(tree: ast.Module) -> list[str]:
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _CHINESE.search(node.value)
        and node.value not in _MARKS
        and "\\d" not in node.value
        and not node.value.startswith(("<", "|"))
        and id(node) not in docstrings | bare
    ]


def english() -> dict[str, str]:
    """Return the translations that the catalogue holds."""
    with ENGLISH.open("rb") as source:
        return {str(m.id): str(m.string) for m in read_po(source) if m.id}


def write(translations: dict[str, str]) -> None:
    """Write the catalogue: one entry per sentence of the code, sorted, with its files."""
    catalogue = Catalog(locale="en", project="MedPatrol", charset="utf-8", fuzzy=False)
    for sentence, files in sorted(sentences().items()):
        catalogue.add(
            sentence,
            translations.get(sentence, ""),
            locations=[(name, None) for name in sorted(set(files))],  # type: ignore[misc]
        )
    target = io.BytesIO()
    write_po(target, catalogue, omit_header=False, include_lineno=False, width=0)
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    text = re.sub(rb"\A(#.*\n)+", b"", target.getvalue())
    text = re.sub(
        rb'"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Report-Msgid|Language-Team|Project-Id'
        rb'|Generated-By)[^"]*\\n"\n',
        b"",
        text,
    )
    ENGLISH.write_bytes(text)


def main() -> int:
    """Update the catalogue and say how many sentences wait for their English."""
    write(english() if ENGLISH.is_file() else {})
    waiting = [sentence for sentence, said in english().items() if not said]
    sys.stdout.write(f"{len(sentences())} sentences, {len(waiting)} without English\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

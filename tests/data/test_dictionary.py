"""The data dictionary is what the program does."""

from data import dictionary, schema


def test_the_page_is_up_to_date():
    """Rewrite it with ``python -m data.dictionary`` after changing the schema."""
    assert dictionary.PATH.read_text(encoding="utf-8") == dictionary.dictionary_markdown()


def test_every_column_and_code_is_on_the_page():
    """A bureau prepares its files by this page alone."""
    page = dictionary.dictionary_markdown()
    for kind in schema.KINDS.values():
        for column in kind.columns:
            assert f"| `{column.name}`" in page
    for labels in schema.LABELS.values():
        for code in labels:
            assert f"| `{code}` |" in page

"""
The product's sentences in the reader's language.

Chinese is the source: the Chinese sentence is the identifier under which
``locales/<language>/LC_MESSAGES/medpatrol.po`` holds the translation. The
catalogue is read as text, so nothing has to be compiled before a start.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from data.records import Message
from data.schema import LABELS
from errors import MedPatrolError

LANGUAGES = ("zh", "en")
LOCALES = Path(__file__).parent.parent / "locales"


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {LANGUAGES}, got {language!r}")
    if language == "zh":
        return NullTranslations()
    with (LOCALES / language / "LC_MESSAGES" / "medpatrol.po").open("rb") as source:
        catalogue = read_po(source)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def translator(language: str) -> Callable[..., str]:
    """
    Return a function that says a Chinese template in ``language``.

    The function takes the template and its named values: ``_("共 {n} 家", n=3)``.
    """

    def translate(template: str, **values: object) -> str:
        return say(Message(template, values), language)

    return translate


def label(vocabulary: str, code: object, language: str) -> str:
    """Return the label of ``code`` in a vocabulary of ``data.schema``; the code if unknown."""
    names = LABELS[vocabulary].get(str(code))
    return str(code) if names is None else names[LANGUAGES.index(language)]


def say(message: Message | MedPatrolError, language: str) -> str:
    """Return the sentence of a message or an error in ``language`` (``zh`` or ``en``)."""
    template = _catalogue(language).gettext(message.template) if message.template else ""
    return template.format(
        **{name: _shown(name, value, language) for name, value in message.values.items()}
    )


def to_json(message: Message) -> dict[str, object]:
    """Return a message as plain data; ``from_json`` reads it back."""
    return {"t": message.template, "v": {k: _plain(v) for k, v in message.values.items()}}


def from_json(stored: Mapping[str, object]) -> Message:
    """Return the message that ``to_json`` wrote."""
    values = stored["v"]
    if not isinstance(values, Mapping):
        raise TypeError(f"values of a stored message must be a mapping, got {type(values)}")
    return Message(
        str(stored["t"]),
        {name: from_json(v) if isinstance(v, Mapping) else v for name, v in values.items()},
    )


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return to_json(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _shown(name: str, value: object, language: str) -> str:
    vocabulary = name.rstrip("0123456789")
    if isinstance(value, Message):
        shown = say(value, language)
    elif value is None:
        shown = _catalogue(language).gettext("未知")
    elif vocabulary in LABELS:
        shown = label(vocabulary, value, language)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = (f"{value:,}" if isinstance(value, int) else f"{value:,.10g}").replace("-", "−")
    else:
        shown = str(value)
    return shown

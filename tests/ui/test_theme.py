"""The colours: as designed, told apart, readable."""

import pytest

from ui import theme


def _luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_can_be_read_on_both_grounds(palette):
    """WCAG AA: 4.5 to 1 for text, in both themes."""
    for name in ("text", "muted", "primary", "late", "warning", "done"):
        for ground in (palette.background, palette.sidebar):
            assert _contrast(getattr(palette, name), ground) >= 4.5, name
    assert _contrast(palette.on_primary, palette.primary) >= 4.5
    for colour in palette.teams:
        assert _contrast(palette.on_team, colour) >= 4.5
    assert _contrast(palette.border, palette.background) >= 3


def test_the_ramp_is_monotone_in_lightness():
    """It must survive grey print; in the dark theme bright means high."""
    light = [_luminance(colour) for colour in theme.LIGHT.ramp]
    dark = [_luminance(colour) for colour in theme.DARK.ramp]
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    assert len(theme.LIGHT.ramp) == len(theme.RISK_LIMITS) + 1


def test_every_option_is_one_that_streamlit_knows():
    """A misspelt option is silently ignored."""
    from streamlit import config

    assert set(theme.streamlit_options()) <= set(config._config_options_template)


def test_the_configuration_file_reads_back_as_the_options():
    """The file is TOML and says the same."""
    import tomllib

    read = tomllib.loads(theme.config_text())
    for dotted, value in theme.streamlit_options().items():
        node = read
        for part in dotted.split("."):
            node = node[part]
        assert node == value

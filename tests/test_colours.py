"""The page's colours: readable in both themes, and a nick's the same as on a terminal."""

import math
import re
from itertools import pairwise
from pathlib import Path

import pytest

from backend.wire.terminal import _TONES

FRONTEND = Path(__file__).parent.parent / "frontend"
TOKENS = (FRONTEND / "css/tokens.css").read_text()
THEMES = ("light", "dark")
AA = 4.5
"""The contrast that WCAG 2.2 (1.4.3, level AA) asks of text."""

Colour = tuple[float, float, float]
"""Linear red, green and blue."""


def linear(channel: float) -> float:
    """An sRGB channel (0 to 1) without its gamma."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def from_bytes(red: int, green: int, blue: int) -> Colour:
    """A colour as screens count."""
    return linear(red / 255), linear(green / 255), linear(blue / 255)


def from_oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """CSS Color 4's conversion; what lies outside sRGB stays outside of 0 to 1."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def hue_of(colour: Colour) -> float:
    """Its hue in OKLCH, in degrees."""
    red, green, blue = colour
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return math.degrees(math.atan2(b, a)) % 360


def contrast(one: Colour, other: Colour) -> float:
    """WCAG's contrast ratio."""
    dark, light = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def xterm(number: int) -> Colour:
    """One of the 6 x 6 x 6 colours of a terminal's 256."""
    levels = (0, 95, 135, 175, 215, 255)
    red, rest = divmod(number - 16, 36)
    return from_bytes(levels[red], levels[rest // 6], levels[rest % 6])


def token(name: str, theme: str) -> Colour:
    """A colour of tokens.css."""
    pair = re.search(rf"--{name}: light-dark\(#(\w{{6}}), #(\w{{6}})\);", TOKENS)
    assert pair is not None, name
    return from_bytes(*bytes.fromhex(pair[1 + THEMES.index(theme)]))


def people(part: str, theme: str) -> list[Colour]:
    """The eight colours of nicks ("ink") or of the discs behind their initials ("fill")."""
    told = re.findall(rf"--person-{part}: ([\d.]+)% ([\d.]+);", TOKENS)
    # Once for light, then twice for dark: chosen by the reader, or by the system.
    assert len(told) == 3
    assert told[1] == told[2]
    lightness, chroma = map(float, told[THEMES.index(theme)])
    return [from_oklch(lightness / 100, chroma, hue) for hue in hues()]


def hues() -> list[float]:
    """Of the eight tones, in their order."""
    return [float(hue) for _, hue in sorted(re.findall(r"\.tone-(\d) { --hue: (\d+); }", TOKENS))]


def palette() -> list[Colour]:
    """The same eight on a terminal with 256 colours."""
    return [xterm(int(code.removeprefix("38;5;"))) for code in _TONES[256]]


@pytest.mark.parametrize("theme", THEMES)
def test_nicks_are_readable_on_every_surface_in_both_themes(theme: str) -> None:
    """AA on the page, in bubbles and lists, and on the person's own disc."""
    inks, fills = people("ink", theme), people("fill", theme)
    for ink, fill in zip(inks, fills, strict=True):
        for surface in ("page", "surface", "surface-own", "surface-hover"):
            assert contrast(ink, token(surface, theme)) >= AA
        assert contrast(ink, fill) >= AA


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("ink", "surfaces"),
    [
        ("ink", ("page", "surface", "surface-own", "surface-whisper", "surface-hover")),
        ("ink-quiet", ("page", "surface", "surface-hover")),
        ("accent-strong", ("page", "surface")),
        ("on-accent", ("accent", "accent-strong")),
        ("whisper", ("page", "surface-whisper")),
        ("bad", ("page", "surface")),
    ],
)
def test_text_is_readable_in_both_themes(theme: str, ink: str, surfaces: tuple[str, ...]) -> None:
    """AA for every other colour that words have."""
    for surface in surfaces:
        assert contrast(token(ink, theme), token(surface, theme)) >= AA


@pytest.mark.parametrize("theme", THEMES)
def test_peoples_colours_exist_on_every_screen(theme: str) -> None:
    """Outside of sRGB a browser would choose another hue, or lightness, by itself."""
    for colour in people("ink", theme) + people("fill", theme):
        assert all(-0.001 <= channel <= 1.001 for channel in colour)


def test_a_nick_has_the_same_hue_on_the_page_and_on_a_terminal() -> None:
    """Tone i is one colour to whoever talks about "the green one"."""
    for hue, colour in zip(hues(), palette(), strict=True):
        assert abs((hue - hue_of(colour) + 180) % 360 - 180) < 2


def test_neighbouring_hues_can_be_told_apart() -> None:
    """Eight tones that look like five would help nobody."""
    around = sorted(hues())
    assert min(b - a for a, b in pairwise([*around, around[0] + 360])) >= 30


def test_every_terminal_has_as_many_tones_as_the_page() -> None:
    """The same nick falls on the same place in each palette."""
    assert {len(tones) for tones in _TONES.values() if tones} == {len(hues())}
    assert f"const TONES = {len(hues())};" in (FRONTEND / "js/marks.js").read_text()

"""Colours: a few well-tempered palettes for each light, and palettes around a named hue."""

from colorsys import hls_to_rgb, rgb_to_hls
from random import Random
from typing import NamedTuple

Color = tuple[int, int, int]


def rgb(code: str) -> Color:
    """Return `#rrggbb` as three numbers."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(one: Color, other: Color, amount: float) -> Color:
    """Return a colour between two: `one` at 0, `other` at 1."""
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luminance(color: Color) -> float:
    """Return the perceived brightness, 0 to 255."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


class Palette(NamedTuple):
    """Sky from top to horizon, sun or moon, farthest and nearest layer, accent, lightest tone."""

    top: Color
    sky: Color
    horizon: Color
    disc: Color
    far: Color
    near: Color
    accent: Color
    light: Color

    @property
    def is_dark(self) -> bool:
        """Whether it is a night's sky."""
        return luminance(self.sky) < 110

    @property
    def mist(self) -> Color:
        """The colour that the distance fades into."""
        return mix(self.horizon, self.light, 0.3)

    def layer(self, depth: float) -> Color:
        """Return the colour of a layer from the horizon (0) to the foreground (1)."""
        return mix(self.far, self.near, depth)


PALETTES = [
    # light     top     sky     horizon disc    far     near    accent  light
    ("sunset", "#2b2a5c #c8496b #ffb25e #fff1c9 #b14a6c #24193a #ff7a4d #ffe2b0"),
    ("sunset", "#46306b #f0697a #ffd28a #fff0bd #c8607c #2a1f45 #ff9a5a #fff0d2"),
    ("sunset", "#ea5f4a #f79a58 #fbdc9c #fff6d8 #d5674f #43203a #1f7a7d #fff1cf"),
    ("sunset", "#5b2a5e #d94f6b #ff9f68 #ffe08a #a33d63 #2b1230 #ffc857 #ffe7b8"),
    ("dawn", "#86b2cf #f2c4c0 #fdebd2 #fff6e4 #b9b3cf #46527a #ef8672 #fff4e4"),
    ("dawn", "#a9c9d6 #f7d4ca #fff0d8 #ff9f88 #cbbfd2 #4d5a7c #ee7f6d #fff6ea"),
    ("dawn", "#8e9fd0 #e8b4c8 #ffe0c2 #fff4d6 #a79cc8 #3c3c6e #f59b7c #ffefe0"),
    ("day", "#3f8fc4 #8cc7e0 #e8f3ea #fff8dd #8fb8c4 #1b5358 #f2a03d #fbf6e6"),
    ("day", "#4fabbd #a5dad6 #f6f1dc #ffe39a #93c3b4 #23554b #e8694a #fdf8e8"),
    ("day", "#f0dfba #f4e8cc #f8f0dc #e4572e #86b3a6 #1d4957 #e4572e #fffaf0"),
    ("day", "#7cc4d8 #c6e5e0 #fdf3da #fff7dc #b5c99a #3b5f4a #f07b5a #fffaee"),
    ("dusk", "#23305c #7a5c94 #eea99a #ffe6d0 #6f5a92 #1c1f42 #ff9b85 #ffe3d6"),
    ("dusk", "#1c3152 #4f6d97 #d9a7b0 #fbeee0 #58658f #14203c #f4b183 #f6e3dc"),
    ("night", "#0b1437 #1d2f66 #47599a #f8f0d0 #33457f #0a1029 #f2c14e #dfe6ff"),
    ("night", "#0e1a2c #1c3a52 #3f7480 #f4f1de #2c5966 #08141d #f0a94c #d9efec"),
    ("night", "#1a1038 #3b2069 #7f4fa3 #ffe9c9 #4e327c #140b2a #ff8fa3 #f1e2ff"),
    ("night", "#08172b #12355b #2a6f97 #fdf3c8 #20527a #06101e #ffd166 #d6ecff"),
    ("overcast", "#aebbc2 #ccd5d6 #e8eae4 #f8f6ec #b0bdc1 #3f5058 #cf6f49 #f7f6f0"),
    ("overcast", "#9fb0b4 #c4cfcc #e6e6da #f9f4e2 #a4b4b0 #3a4d4c #d98e4a #f5f4ea"),
    ("overcast", "#b7b4c4 #d3cfd8 #ece6e4 #faf3ec #b3aec0 #4a4760 #c9657a #f8f4f2"),
    ("winter", "#8fb3d1 #c3d8e6 #eef2f2 #fff8ea #b4cbdc #2e4a68 #d9534a #ffffff"),
    ("winter", "#a7bfd8 #d9dfea #f8ece6 #ffd9c4 #bfcbde #394f74 #e2725b #ffffff"),
    ("autumn", "#e9c79a #f2d9ae #f9ecd0 #fff6e0 #d99a5b #5a2d22 #d1495b #fff4de"),
    ("autumn", "#7fa6a8 #d9c9a3 #f5dfae #fff2cc #d98e4a #4a2a24 #c8402e #fff0d2"),
    ("spring", "#a8d5e2 #f3d9e0 #fdf0ea #fff8ee #c8d8b0 #4c7060 #f08cae #fffafa"),
    ("spring", "#b9e0d4 #e6efd0 #fff5e0 #fff0b8 #b4d3a0 #41705a #ef7fa0 #fffdf4"),
]


def palette_for(light: str, hues: list[float], rng: Random) -> Palette:
    """Return a palette of this light, shifted to the first hue (0 to 1); the last is its accent."""
    codes = rng.choice([codes for name, codes in PALETTES if name == light])
    palette = Palette(*map(rgb, codes.split()))
    if not hues or (light == "sunset" and not 0.12 < hues[0] < 0.95):
        return palette  # A sunset is red and golden by itself.
    hue = hues[0] + rng.uniform(-0.02, 0.02)
    return palette._replace(
        top=_turned(palette.top, hue - 0.04, 0.45),
        sky=_turned(palette.sky, hue, 0.6),
        horizon=_turned(palette.horizon, hue + 0.01, 0.7),
        far=_turned(palette.far, hue, 0.4),
        near=_turned(palette.near, hue - 0.04, 0.4),
        accent=_turned(mix(palette.accent, (235, 120, 90), 0.5), hues[-1], 0.8),
    )


def _turned(color: Color, hue: float, saturation: float) -> Color:
    """Give a colour another hue and keep its lightness."""
    _, lightness, own = rgb_to_hls(*(value / 255 for value in color))
    if 0.05 < hue < 0.2:
        hue -= 0.11 * (1 - lightness)  # Dark yellow is olive; gold in the shade is brown.
    strength = 0.35 * own + 0.65 * saturation * (0.55 + 0.45 * lightness)
    red, green, blue = (round(255 * v) for v in hls_to_rgb(hue % 1, lightness, strength))
    return red, green, blue

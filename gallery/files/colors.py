"""Converts any mode and ICC profile to sRGB, as every viewer shows it."""

import io
from functools import lru_cache
from typing import Any

from PIL import Image, ImageChops, ImageCms

MAX_PROFILE = 4 * 1024 * 1024  # bytes; real ones have up to 2 MB
SRGB = ImageCms.createProfile("sRGB")
SPACES = {"RGB": ("RGB", "RGBA"), "GRAY": ("L", "LA"), "CMYK": ("CMYK",)}
"""The modes that fit a profile of each colour space."""


def as_8_bits(image: Image.Image) -> Image.Image:
    """Convert to L, LA, RGB, RGBA or CMYK; transparent colours become an alpha channel, and 16-bit
    grey is scaled, not clipped."""
    mode = image.mode
    if mode in ("RGBA", "LA", "CMYK") or (
        mode in ("L", "RGB") and "transparency" not in image.info
    ):
        return image
    if mode.startswith("I"):
        return _scaled(image)
    if mode == "L":
        return image.convert("LA")
    if mode in ("P", "PA", "RGB"):
        return image.convert("RGBA" if mode == "PA" or "transparency" in image.info else "RGB")
    return image.convert("L" if mode in ("1", "F") else "RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits."""
    clear = image.info.get("transparency")
    wide = image if image.mode == "I" else image.convert("I")
    grey = wide.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if isinstance(clear, int):
        above, below = (
            wide.point(lambda value, sign=sign: value * sign - clear * sign).convert("L")
            for sign in (1, -1)
        )
        grey.putalpha(ImageChops.lighter(above, below).point(lambda value: 255 * bool(value)))
    return grey


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert L, LA, RGB, RGBA or CMYK to sRGB: RGB, or RGBA if there is an alpha channel.

    A profile that is unreadable or meant for another colour space is ignored, as browsers do.
    """
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    plain = image.convert(image.mode[:-1]) if alpha else image
    found = _transform(profile, plain.mode) if profile else None
    colors = ImageCms.applyTransform(plain, found) if found else plain.convert("RGB")
    if colors is None:  # only where it is done in place
        raise ValueError("nothing was converted")
    if alpha:
        colors.putalpha(alpha)
    return colors


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """Build the transform from the profile's colours; None if it does not fit the picture."""
    if len(profile) > MAX_PROFILE or mode not in SPACES.get(
        profile[16:20].decode("latin-1").strip(), ()
    ):
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(source, SRGB, mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return None

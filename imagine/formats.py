"""A picture in the format that the client asked for. Pure: bytes in, bytes out."""

import io

from PIL import Image, UnidentifiedImageError

DEFAULT_QUALITY = 90


def convert(data: bytes, output_format: str, compression: int | None = None) -> bytes:
    """The picture as `png`, `jpeg` or `webp`; untouched where it already is.

    Bytes that are no picture come back as they are: whoever stores them says what is wrong.

    Args:
        compression: OpenAI's `output_compression`, the quality from 0 to 100.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if (image.format or "").lower() == output_format:
                return data
            out = io.BytesIO()
            quality = DEFAULT_QUALITY if compression is None else compression
            _with_mode(image, output_format).save(out, output_format, quality=quality)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        return data
    return out.getvalue()


def _with_mode(image: Image.Image, output_format: str) -> Image.Image:
    transparent = "A" in image.getbands() or "transparency" in image.info
    if output_format != "jpeg":
        return image.convert("RGBA" if transparent else "RGB")
    if transparent:  # JPEG has no transparency: white shows through
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")

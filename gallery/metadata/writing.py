"""Prompt and parameters into a picture file, or everything out of it. No pixel is touched."""

import json
import re
import warnings
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from xml.sax.saxutils import escape

from PIL import ExifTags, Image

from . import avif, gif, jpeg, png, webp
from .fields import parsed_exif
from .reading import read

TOOL = "Grok2API Gallery"
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ORIENTATION = 0x0112


class SourceType(StrEnum):
    """IPTC's words for how a picture came to be. https://cv.iptc.org/newscodes/digitalsourcetype/"""

    TRAINED = "trainedAlgorithmicMedia"  # by a model trained on sampled content
    ALGORITHMIC = "algorithmicMedia"  # by a program that learnt from nothing


@dataclass(frozen=True, slots=True)
class Description:
    """What is to be written into a file."""

    prompt: str
    model: str
    width: int
    height: int
    aspect_ratio: str
    created_at: datetime
    source_type: SourceType | None = None

    def as_parameters(self) -> str:
        """The text that most tools read: prompt, then one line of parameters."""
        values = {
            "Size": f"{self.width}x{self.height}",
            "Model": self.model,
            "Aspect ratio": self.aspect_ratio,
            "Created": self.created_at.isoformat(),
            "Version": TOOL,
        }
        line = ", ".join(f"{name}: {_quoted(value)}" for name, value in values.items() if value)
        return f"{self.prompt}\n{line}"

    def as_xmp(self) -> bytes:
        """An XMP packet; the AI properties are IPTC's of 2025."""
        kind = f"{VOCABULARY}{self.source_type}" if self.source_type else ""
        elements = {
            "Iptc4xmpExt:DigitalSourceType": kind,
            "Iptc4xmpExt:AISystemUsed": self.model,
            "Iptc4xmpExt:AIPromptInformation": self.prompt,
            "xmp:CreateDate": self.created_at.isoformat(timespec="seconds"),
            "xmp:CreatorTool": TOOL,
        }
        body = "".join(f"<{k}>{_xml(v)}</{k}>" for k, v in elements.items() if v)
        if self.prompt:
            text = f'<rdf:li xml:lang="x-default">{_xml(self.prompt)}</rdf:li>'
            body += f"<dc:description><rdf:Alt>{text}</rdf:Alt></dc:description>"
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
            f'{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
        ).encode()


def embed(data: bytes, description: Description) -> bytes:
    """The file with prompt and parameters: A1111's text and an XMP packet.

    What the file already says stays as it is: another tool's prompt is not written over, and
    a file with C2PA credentials comes back untouched, since any change would break its seal.
    In a JPEG a text that is too long for a segment (64 KB) is left out; an AVIF gets the packet
    alone, where it is built as usual, and a sequence nothing.
    """
    known = read(data)
    if known.credentials:
        return data
    text = "" if known.prompt else description.as_parameters()
    packet = b"" if "xmp" in known.raw else description.as_xmp()
    if data.startswith(png.SIGNATURE):
        return _into_png(data, text, packet)
    if data.startswith(jpeg.SIGNATURE):
        return _into_jpeg(data, text, packet)
    if webp.is_webp(data):
        return _into_webp(data, text, packet)
    if gif.is_gif(data):
        # Tools read a GIF's comment. Two would be read as one, so another's stays the only one.
        comment = b"" if gif.texts(data)[0] else text.encode("utf-8", "replace").rstrip(b"\n")
        return gif.insert(data, comment=comment, packet=packet)
    return avif.insert(data, packet) if packet and avif.is_avif(data) else data


def strip(data: bytes) -> bytes:
    """The file without a word of its making: texts, EXIF, XMP, credentials.

    Pixels, colour profile, animation and the way up stay; so does what is hidden in the pixels
    themselves.
    """
    if data.startswith(png.SIGNATURE):
        parts = [part for part in png.chunks(data) if part[0] not in png.PRIVATE]
        if turn := _orientation(png.texts(data)[1]):
            parts.insert(1, (b"eXIf", _turned(turn)))
        return png.join(parts)
    if data.startswith(jpeg.SIGNATURE):
        segments = jpeg.whole(data)
        kept = [part for part in segments if not jpeg.is_private(*part)]
        if turn := _orientation(jpeg.texts(data)[1]):
            kept.insert(_after_jfif(kept), (jpeg.APP1, jpeg.EXIF_HEAD + _turned(turn)))
        return jpeg.join(kept, trailer=False) if kept else data
    if webp.is_webp(data):
        chunks = [part for part in webp.whole(data) if part[0] not in webp.PRIVATE]
        if not chunks:
            return data
        if turn := _orientation(webp.texts(data)[1]):
            chunks.append((webp.EXIF, _turned(turn)))
        return webp.join(chunks)
    if avif.is_avif(data):
        return avif.strip(data)
    return gif.strip(data) if gif.is_gif(data) else data


def _into_png(data: bytes, text: str, packet: bytes) -> bytes:
    new = [png.text_chunk("parameters", text)] if text else []
    if packet:
        new.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    return png.insert(data, new)


def _into_jpeg(data: bytes, text: str, packet: bytes) -> bytes:
    parts = jpeg.whole(data)
    if not parts:
        return data
    at = _after_jfif(parts)
    if packet and len(jpeg.XMP_HEAD + packet) <= jpeg.MAX_SEGMENT:
        parts.insert(at, (jpeg.APP1, jpeg.XMP_HEAD + packet))
    block = _with_comment(jpeg.texts(data)[1], text) if text else b""
    if block and len(jpeg.EXIF_HEAD + block) <= jpeg.MAX_SEGMENT:
        parts = [part for part in parts if not jpeg.is_exif(*part)]
        parts.insert(at, (jpeg.APP1, jpeg.EXIF_HEAD + block))
    return jpeg.join(parts)


def _into_webp(data: bytes, text: str, packet: bytes) -> bytes:
    parts = webp.whole(data)
    if not parts:
        return data
    block = _with_comment(webp.texts(data)[1], text) if text else b""
    if block:
        parts = [part for part in parts if part[0] != webp.EXIF] + [(webp.EXIF, block)]
    if packet:
        parts.append((webp.XMP, packet))
    return webp.join(parts)


def _after_jfif(parts: list[tuple[int, bytes]]) -> int:
    return 1 if parts and parts[0][0] == jpeg.APP0 else 0


def _orientation(block: bytes) -> int:
    """EXIF's orientation where it is not the plain one, else 0."""
    exif = parsed_exif(block) if block else None
    turn = exif.get(ExifTags.Base.Orientation) if exif else None
    return turn if isinstance(turn, int) and 2 <= turn <= 8 else 0


def _turned(turn: int) -> bytes:
    """An EXIF block (TIFF, without head) that says which way is up, and nothing else."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    return exif.tobytes().removeprefix(jpeg.EXIF_HEAD)


def _with_comment(block: bytes, text: str) -> bytes:
    """The EXIF block with a text as its comment; empty where it cannot be written anew whole."""
    exif = parsed_exif(block) if block else Image.Exif()
    if exif is None:
        return b""
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + text.encode(
        "utf-16-be", "replace"
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return exif.tobytes().removeprefix(jpeg.EXIF_HEAD)
    except Exception:  # noqa: BLE001  Pillow raises whatever a damaged entry provokes
        return b""


def _quoted(value: str) -> str:
    # As A1111 does it: what would end the value early stands in quotes.
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,:\n]", value) else value


def _xml(text: str) -> str:
    """Escaped, and without the characters that XML 1.0 has no place for."""
    return escape(re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text))

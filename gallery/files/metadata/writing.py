"""Writes prompt and parameters into a picture file, or removes all of it, without touching a
pixel."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from xml.sax.saxutils import escape

from .formats import format_of
from .reading import read

TOOL = "Grok2API Gallery"
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
NEEDS_QUOTES = re.compile(r"[,:\n]")
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SourceType(StrEnum):
    """IPTC's terms for how a picture came to be.
    https://cv.iptc.org/newscodes/digitalsourcetype/"""

    TRAINED = "trainedAlgorithmicMedia"  # by a model trained on sampled content
    ALGORITHMIC = "algorithmicMedia"  # by a program that was not trained


@dataclass(frozen=True, slots=True)
class Description:
    """The texts to write into a file."""

    prompt: str
    model: str
    width: int
    height: int
    aspect_ratio: str
    created_at: datetime
    source_type: SourceType | None = None

    def as_parameters(self) -> str:
        """Return the text that most tools read: prompt, then one line of parameters."""
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
        """Return an XMP packet; the AI properties are IPTC's of 2025."""
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
    """Add prompt and parameters to a file: A1111's text and an XMP packet.

    What the file already says stays: another tool's prompt is not overwritten, and a file with C2PA
    credentials comes back untouched, since any change would break its seal. In a JPEG, a text that
    is too long for a segment (64 KB) is left out. An AVIF of the usual structure gets the packet
    alone, and a sequence nothing.
    """
    known = read(data)
    if known.credentials:
        return data
    text = "" if known.prompt else description.as_parameters()
    packet = b"" if "xmp" in known.raw else description.as_xmp()
    found = format_of(data)
    return found.embed(data, text, packet) if found and (text or packet) else data


def strip(data: bytes) -> bytes:
    """Remove everything from a file but what shows the picture.

    Pixels, colour profile, animation and orientation stay; so does what is hidden in the pixels
    themselves.
    """
    found = format_of(data)
    return found.strip(data) if found else data


def _quoted(value: str) -> str:
    # Quote values that would end early, as A1111 does.
    return json.dumps(value, ensure_ascii=False) if NEEDS_QUOTES.search(value) else value


def _xml(text: str) -> str:
    """Escape a text, and drop the characters that XML 1.0 does not allow."""
    return escape(NOT_XML.sub("", text))

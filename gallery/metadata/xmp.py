"""XMP packets: RDF in XML. Specification: ISO 16684-1."""

import re
from html import unescape

SOURCE_TYPE = re.compile(
    r"DigitalSourceType[^>]*?[\"'>\s](https?://[^\s\"'<]*/digitalsourcetype/(\w+))"
)


def description(packet: str) -> str:
    """`dc:description`, in the packet's first language."""
    return _element(packet, "dc:description")


def user_comment(packet: str) -> str:
    """`exif:UserComment`."""
    return _element(packet, "exif:UserComment")


def ai_prompt(packet: str) -> str:
    """`Iptc4xmpExt:AIPromptInformation`."""
    return _element(packet, "Iptc4xmpExt:AIPromptInformation")


def ai_system(packet: str) -> str:
    """`Iptc4xmpExt:AISystemUsed`, the model."""
    return _element(packet, "Iptc4xmpExt:AISystemUsed")


def source_type(packet: str) -> str:
    """The last word of `Iptc4xmpExt:DigitalSourceType`, such as `trainedAlgorithmicMedia`."""
    match = SOURCE_TYPE.search(packet)
    return match[2] if match else ""


def _element(packet: str, name: str) -> str:
    # Read without an XML parser: packets come from strangers, and only flat texts are wanted.
    start = packet.find(f"<{name}")
    end = packet.find(f"</{name}>", start)
    if start >= 0 and end >= 0:
        inner = packet[packet.find(">", start) + 1 : end]
        if "<rdf:li" in inner:
            inner = inner[inner.find("<rdf:li") :]
            inner = inner[inner.find(">") + 1 :].partition("</rdf:li>")[0]
        return unescape(inner).strip()
    match = re.search(rf"\b{name}=(?:\"([^\"]*)\"|'([^']*)')", packet)
    return unescape(match[1] or match[2] or "").strip() if match else ""

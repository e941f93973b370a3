"""Reads XMP packets: RDF in XML. Specification: ISO 16684-1."""

import re
import sys
from itertools import islice

HEAD = b"http://ns.adobe.com/xap/1.0/\0"
"""The bytes before a packet in a JPEG segment."""
SOURCE_TYPE = re.compile(r"/digitalsourcetype/(\w++)")
BEFORE = 200
"""Characters before a term in which its property and address must begin."""

QUOTES = {"'", '"'}
JSON = re.compile(r""">\s*+(\{[^<]*+)|="\s*+(\{[^"]*+)|='\s*+(\{[^']*+)""")
"""An element's text or an attribute's value, in which JSON's own quotes are escaped."""
MOST_JSON = 50
"""JSON texts of a packet that are read; tools write one."""
REFERENCE = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
"""References of XML itself; others stay as they are."""

CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def is_packet(text: str) -> bool:
    """Return whether a text is an XMP packet, including those in files beside pictures."""
    return text.lstrip("\ufeff \t\r\n").startswith("<") and "<x:xmpmeta" in text


def description(packet: str) -> str:
    """Return `dc:description` in the packet's first language."""
    return _element(packet, "dc:description")


def user_comment(packet: str) -> str:
    """Return `exif:UserComment`."""
    return _element(packet, "exif:UserComment")


def ai_prompt(packet: str) -> str:
    """Return `Iptc4xmpExt:AIPromptInformation`."""
    return _element(packet, "Iptc4xmpExt:AIPromptInformation")


def ai_system(packet: str) -> str:
    """Return `Iptc4xmpExt:AISystemUsed`, the model."""
    return _element(packet, "Iptc4xmpExt:AISystemUsed")


def source_type(packet: str) -> str:
    """Return the last word of `Iptc4xmpExt:DigitalSourceType`, like `trainedAlgorithmicMedia`."""
    for match in SOURCE_TYPE.finditer(packet):
        before = packet[max(0, match.start() - BEFORE) : match.start()]
        _, named, address = before.rpartition("DigitalSourceType")
        if named and "http" in address:
            return match[1]
    return ""


def _element(packet: str, name: str) -> str:
    # No XML parser is used: packets come from strangers, and only flat texts are needed.
    start = packet.find(f"<{name}")
    end = packet.find(f"</{name}>", start)
    if start >= 0 and end >= 0:
        inner = packet[packet.find(">", start) + 1 : end]
        if "<rdf:li" in inner:
            inner = inner[inner.find("<rdf:li") :]
            inner = inner[inner.find(">") + 1 :].partition("</rdf:li>")[0]
        return unescape(inner).strip()
    return _attribute(packet, name)


def _attribute(packet: str, name: str) -> str:
    at = packet.find(f"{name}=")
    while at >= 0:
        begin = at + len(name) + 2
        quote = packet[begin - 1 : begin]
        is_whole_name = not at or not (packet[at - 1].isalnum() or packet[at - 1] in "_:")
        if is_whole_name and quote in QUOTES and (end := packet.find(quote, begin)) >= 0:
            return unescape(packet[begin:end]).strip()
        at = packet.find(f"{name}=", begin)
    return ""


def json_texts(packet: str) -> list[str]:
    """Return the elements and attributes, of any name, that hold a JSON object."""
    some = islice(JSON.finditer(packet), MOST_JSON)
    return [unescape(found[found.lastindex or 0]).strip() for found in some]


def unescape(text: str) -> str:
    """Replace the references in a text of XML."""
    return REFERENCE.sub(_character, text)


def _character(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name = reference.groups()
    if name:
        return CHARACTERS[name]
    number = int(decimal or hexadecimal, 10 if decimal else 16)
    return chr(number) if number <= sys.maxunicode else reference[0]

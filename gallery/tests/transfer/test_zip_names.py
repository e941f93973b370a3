"""Names in ZIP archives as their writers saw them, whatever code they are in."""

import io
import struct
import zipfile
import zlib

import pytest

from gallery.tests.drawing import draw
from gallery.transfer import zip_members
from gallery.transfer.found_files import find_in_archive

CHINESE = ("日落/海边的红狐狸.png", "日落/夜.png")
JAPANESE = ("夕焼け/きつねの絵.png", "夜.png")
WESTERN = ("château/Ärger im Café.png", "résumé ñandú.png")


def archive_of(names: tuple[str, ...], code: str, extra: bytes = b"") -> bytes:
    """An archive whose names are in a code that it does not tell."""
    out = io.BytesIO()
    stand_ins = [f"{at:04}".ljust(len(name.encode(code)), "x") for at, name in enumerate(names)]
    with zipfile.ZipFile(out, "w") as archive:
        for name in stand_ins:
            info = zipfile.ZipInfo(name)
            info.extra = extra
            archive.writestr(info, draw(format="PNG"))
    data = out.getvalue()
    for stand_in, name in zip(stand_ins, names, strict=True):
        data = data.replace(stand_in.encode(), name.encode(code))
    return data


def names_in(data: bytes) -> list[str]:
    found = find_in_archive("a.zip", io.BytesIO(data))
    return sorted(each.name.removeprefix("a.zip/") for each in found if each.data)


@pytest.mark.parametrize(
    ("names", "code"),
    [(CHINESE, "utf-8"), (CHINESE, "gbk"), (JAPANESE, "cp932"), (JAPANESE, "utf-8"),
     (WESTERN, "cp437"), (WESTERN, "utf-8"), (("plain.png",), "ascii")],
)  # fmt: skip
def test_names_are_read_in_the_code_that_all_of_them_are_in(names, code):
    assert names_in(archive_of(names, code)) == sorted(names)


def test_a_name_that_is_written_once_more_in_utf_8_is_that():
    name = "夜狐.png"
    raw = name.encode("big5")
    body = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
    extra = struct.pack("<HH", zip_members.UNICODE_PATH, len(body)) + body
    assert names_in(archive_of((name,), "big5", extra)) == [name]

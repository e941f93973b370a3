"""ZIP archives of a promised size."""

import io
import subprocess
import zipfile
from datetime import datetime

import pytest

from gallery.transfer.zipping import COUNT_LIMIT, LIMIT, ZipWriter, end_size, member_size

MOMENT = datetime(2026, 2, 7, 12, 30, 8)  # noqa: DTZ001  (ZIP knows no zones)


def archive(members: dict[str, bytes], spare: int = 0) -> bytes:
    writer = ZipWriter()
    total = end_size() + sum(member_size(name, len(data)) for name, data in members.items()) + spare
    parts = [part for name, data in members.items() for part in writer.member(name, data, MOMENT)]
    parts += writer.finish(total)
    writer.close()
    out = b"".join(parts)
    assert (len(out), writer.size) == (total, total)
    return out


@pytest.mark.parametrize("spare", [0, 1, 200_000])
@pytest.mark.parametrize(
    "members", [{}, {"a.txt": b""}, {"日落/a b.jpg": b"\xff\xd8" * 999, "b.txt": b"PK\1\2PK\5\6"}]
)
def test_archive_opens_and_has_the_promised_size(members, spare, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(archive(members, spare))
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        assert {info.filename: file.read(info) for info in file.infolist()} == members
        assert {info.date_time for info in file.infolist()} <= {(2026, 2, 7, 12, 30, 8)}
    if members:
        checked = subprocess.run(["unzip", "-tqq", path], capture_output=True)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_long_members_are_read_twice_and_never_held():
    writer = ZipWriter()
    parts = list(writer.long_member("long", lambda: (b"x" * 1000 for _ in range(50)), MOMENT))
    assert max(map(len, parts)) == 1000
    data = b"".join([*parts, *writer.finish(end_size() + member_size("long", 50_000))])
    writer.close()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.read("long") == b"x" * 50_000


def test_more_members_than_16_bits_count_are_found():
    members = {f"{number}": b"" for number in range(COUNT_LIMIT + 10)}
    with zipfile.ZipFile(io.BytesIO(archive(members))) as file:
        assert file.namelist() == list(members)


def test_members_beyond_4_gigabytes_are_found(tmp_path):
    path = tmp_path / "large.zip"
    writer = ZipWriter()
    with path.open("wb") as file:  # sparse: the hole takes no room on the disk
        file.writelines(writer.member("first", b"1", MOMENT))
        writer.size = LIMIT + 1000
        file.seek(writer.size)
        file.writelines(writer.member("second", b"22", MOMENT))
        file.writelines(writer.finish(writer.size + 400))
    writer.close()
    with zipfile.ZipFile(path) as opened:
        assert [opened.read(name) for name in opened.namelist()] == [b"1", b"22"]
    assert subprocess.run(["unzip", "-tqq", path]).returncode == 0


def test_finish_refuses_a_promise_that_cannot_be_kept():
    writer = ZipWriter()
    list(writer.member("a", b"12345", MOMENT))
    with pytest.raises(ValueError, match="were promised"):
        list(writer.finish(20))
    writer.close()

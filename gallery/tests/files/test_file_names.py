"""Names of files from anywhere, kept and given back."""

import pytest

from gallery.files.file_names import clean, numbered, safe


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("  ", ""),
        ("..", ""),
        ("日落.png", "日落.png"),
        ("/home/me/Pictures/a b.JPG", "a b.JPG"),
        ("C:\\fakepath\\fox.webp", "fox.webp"),
        ("archive.zip/inner/", "inner"),
        ("../../evil.jpg", "evil.jpg"),
        ("a\0b\nc\x1b[31m.png", "abc[31m.png"),
        ("\u202egpj.exe", "gpj.exe"),
        ("half\ud800.png", "half.png"),
        ("e\u0301.png", "\u00e9.png"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("y" * 200 + "." + "z" * 200, "y" * 200 + "." + "z" * 54),
    ],
)
def test_a_name_is_kept_without_its_path_and_what_is_not_seen(given, kept):
    assert clean(given) == kept
    assert clean(kept) == kept


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        ("fox.jpg", "fox.jpg"),
        ("Fox.JPEG", "Fox.JPEG"),
        ("fox.png", "fox.png.jpg"),
        ("fox", "fox.jpg"),
        ("日落 海景.jpg", "日落-海景.jpg"),
        ('a<b>:"c"|?*.jpg', "a-b-c.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("com1.backup.jpg", "_com1.backup.jpg"),
        ("Console.jpg", "Console.jpg"),
        ("...", "picture.jpg"),
        ("…. .jpg", "….jpg"),
        ("长" * 200 + ".jpg", "长" * 58 + ".jpg"),
    ],
)
def test_a_name_is_given_so_that_every_system_takes_it(kept, given):
    assert safe(kept, ("jpg", "jpeg")) == given


def test_no_two_names_of_an_archive_are_alike():
    used: set[str] = set()
    names = [numbered(name, ["1a", "1a2b"], used) for name in ("a.png", "A.png", "a.png", "b.png")]
    assert names == ["a.png", "A-1a.png", "a-1a2b.png", "b.png"]

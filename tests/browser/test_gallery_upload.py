"""Pictures, archives and folders that a person gives to the page, in a real browser."""

import base64
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, StorageState, expect

from gallery.tests.drawing import draw

DROP = """
(files) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  for (const kind of ["dragenter", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }),
    );
  }
}
"""


@pytest.fixture
def gallery(page: Page) -> Page:
    page.goto("/admin/gallery/")
    return page


def test_an_archive_and_a_picture_are_taken_in_and_what_is_refused_is_named(
    gallery: Page, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("a/one.jpg", draw(color="#ff0000"))
        archive.writestr("two.png", draw(color="#00ff00", format="PNG"))
        archive.writestr("broken.jpg", draw(256, 256)[:-300])
    (tmp_path / "three.webp").write_bytes(draw(color="#0000ff", format="WEBP"))
    os.utime(tmp_path / "three.webp", (1_500_000_000, 1_500_000_000))  # in July 2017
    gallery.locator("upload-area input[type=file]").set_input_files(
        [tmp_path / "old.zip", tmp_path / "three.webp"]
    )
    expect(gallery.get_by_text("3 pictures added.")).to_be_visible()
    expect(gallery.get_by_text("old.zip/broken.jpg")).to_be_visible()
    expect(gallery.locator(".card")).to_have_count(3)
    gallery.goto("/admin/gallery/?search=name:three before:2017-07-20 added:>=2026-01")
    gallery.locator(".card__link").click()
    expect(gallery.locator(".facts__file")).to_have_text("three.webp")
    expect(gallery.locator(".facts__list time").first).to_contain_text("2017")


def test_known_refused_and_empty_files_are_each_named(gallery: Page, tmp_path: Path) -> None:
    (tmp_path / "known.webp").write_bytes(draw(color="#0000ff", format="WEBP"))
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "no picture")
    with zipfile.ZipFile(tmp_path / "again.zip", "w") as archive:
        archive.writestr("one.jpg", draw(color="#ff0000"))
        archive.writestr("two.png", draw(color="#00ff00", format="PNG"))
    bad = [tmp_path / f"bad{number}.png" for number in range(5)]
    for path in bad:
        path.write_bytes(b"no picture")
    gallery.context.allowed_errors.append("400")
    chooser = gallery.locator("upload-area input[type=file]")

    chooser.set_input_files(tmp_path / "known.webp")
    told = gallery.locator(".toast").last
    expect(told).to_contain_text("1 file is in the library already.")
    told.get_by_role("button", name="Show").click()
    expect(gallery.locator(".image-dialog[open] .detail")).to_be_visible()
    gallery.keyboard.press("Escape")

    chooser.set_input_files(tmp_path / "empty.zip")
    expect(gallery.locator(".toast__text").last).to_have_text(
        "1 file was not added: empty.zip: It contains no pictures. 1 file in it is not a picture."
    )

    chooser.set_input_files([*bad, tmp_path / "again.zip", tmp_path / "known.webp"])
    report = gallery.get_by_role("dialog", name="Upload result")
    lines = report.locator("[data-refused] li")
    expect(lines).to_have_count(5)
    assert [line.partition(" ")[0] for line in lines.all_inner_texts()] == [
        path.name for path in bad
    ]
    expect(report.locator("[data-known] li")).to_have_text(["again.zip: 2", "known.webp"])
    report.get_by_role("link", name="known.webp").click()
    expect(gallery.locator(".image-dialog[open] .detail")).to_be_visible()


def test_a_dropped_picture_is_taken_in(gallery: Page) -> None:
    before = gallery.locator(".card").count()
    data = base64.b64encode(draw(color="#aa00aa")).decode()
    gallery.evaluate(DROP, [["dropped.jpg", data]])
    expect(gallery.get_by_text("1 picture added.")).to_be_visible()
    expect(gallery.locator(".card")).to_have_count(before + 1)


LIGHT, DARK = ((246, 118, 117), (231, 104, 102)), ((170, 44, 46), (183, 57, 59))
"""Half of red over the even and odd squares that are seen through it."""


def colors_of(part: Locator) -> set[tuple[int, ...]]:
    """Of the middle of what is drawn there."""
    with Image.open(io.BytesIO(part.screenshot())) as shot:
        width, height = shot.width // 2, shot.height // 2
        middle = shot.convert("RGB").crop((width - 60, height - 40, width + 60, height + 40))
        return {color for count, color in middle.getcolors(9600) if count > 200}


@pytest.mark.parametrize(("theme", "expected"), [("light", LIGHT), ("dark", DARK)])
def test_what_is_seen_through_a_picture_is_a_board_and_no_other_picture(
    new_context: Callable[..., BrowserContext],
    signed_in: StorageState,
    tmp_path: Path,
    theme: Literal["light", "dark"],
    expected: tuple[tuple[int, int, int], ...],
) -> None:
    Image.new("RGBA", (900, 600), (255, 0, 0, 128)).save(tmp_path / f"{theme}.png")
    with (tmp_path / f"{theme}.png").open("ab") as file:
        file.write(theme.encode())  # another file
    page = new_context(storage_state=signed_in, color_scheme=theme).new_page()
    page.goto("/admin/gallery/")
    page.locator("upload-area input[type=file]").set_input_files(tmp_path / f"{theme}.png")
    expect(page.get_by_text("1 picture added.")).to_be_visible()
    page.reload()
    card = page.locator(".card").first
    expect(card.locator(".thumbnail--loaded")).to_be_visible()
    _expect_board(card.locator(".thumbnail"), expected)
    card.locator(".card__link").click()
    expect(page.locator(".stage--loaded")).to_be_visible()
    _expect_board(page.locator(".stage"), expected)


def _expect_board(part: Locator, expected: tuple[tuple[int, int, int], ...]) -> None:
    found = colors_of(part)
    for wanted in expected:
        differences = [
            max(abs(one - other) for one, other in zip(color, wanted, strict=True))
            for color in found
        ]
        assert min(differences) < 8, (wanted, found)
    least = min(green for _red, green, _blue in expected) - 12
    assert all(color[1] > least for color in found)


def test_an_export_that_is_dropped_again_brings_its_marks_back_and_can_be_undone(
    gallery: Page, tmp_path: Path
) -> None:
    gallery.locator(".card__link").first.click()
    gallery.locator(".detail [data-export]").click()
    with gallery.expect_download() as download:
        gallery.get_by_role("dialog").get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "export.zip")
    heart = gallery.locator(".detail .heart")
    expect(heart).to_have_attribute("aria-pressed", "false")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    gallery.keyboard.press("Escape")
    data = base64.b64encode((tmp_path / "export.zip").read_bytes()).decode()
    gallery.evaluate(DROP, [["export.zip", data]])
    told = gallery.locator(".toast").last
    expect(told).to_contain_text("1 picture was reset to the version in the archive.")
    hearts = gallery.locator(".card .heart[aria-pressed=true]")
    expect(hearts).to_have_count(0)
    told.get_by_role("button", name="Undo").click()
    expect(hearts).to_have_count(1)

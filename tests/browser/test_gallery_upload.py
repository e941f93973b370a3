"""Pictures, archives and folders that a person gives to the page, in a real browser."""

import base64
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

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
    gallery.locator("upload-area input").set_input_files(
        [tmp_path / "old.zip", tmp_path / "three.webp"]
    )
    expect(gallery.get_by_text("3 pictures added.")).to_be_visible()
    expect(gallery.get_by_text("old.zip/broken.jpg")).to_be_visible()
    expect(gallery.locator(".card")).to_have_count(3)


def test_a_dropped_picture_is_taken_in(gallery: Page) -> None:
    before = gallery.locator(".card").count()
    data = base64.b64encode(draw(color="#aa00aa")).decode()
    gallery.evaluate(DROP, [["dropped.jpg", data]])
    expect(gallery.get_by_text("1 picture added.")).to_be_visible()
    expect(gallery.locator(".card")).to_have_count(before + 1)

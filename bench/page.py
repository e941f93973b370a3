"""`python -m bench.page`: the gallery in Chromium, over a library of any size.

    python -m bench.page --size 100000 --repeat 20

Prints how long the first picture takes to stand (Largest Contentful Paint), how long
interactions take until their result is painted, what a first visit weighs, and how much the
layout shifts. Everything is on this machine: server, browser, SQLite.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, sign_in
from tests.browser.library import fill, many
from tests.server import ROOT, Server

OBSERVE = """
window.largest = 0;
window.shifts = 0;
const watch = (type, act) => new PerformanceObserver((list) => list.getEntries().forEach(act))
  .observe({type, buffered: true});
watch("largest-contentful-paint", (entry) => { window.largest = entry.startTime; });
watch("layout-shift", (entry) => { window.shifts += entry.value; });
"""
PAINTED = """([selector, event]) => new Promise((resolve) => {
  const start = performance.now();
  const done = () => resolve(performance.now() - start);
  const painted = () => requestAnimationFrame(() => setTimeout(done));
  document.addEventListener(event, painted, {once: true});
  const control = document.querySelector(selector);
  if (control.matches("select")) {
    control.selectedIndex = 1;
    control.dispatchEvent(new Event("change", {bubbles: true}));
  } else control.click();
})"""
INTERACTIONS = {
    "filter": ("#model", "results-changed"),
    "page": ("#bottom-next", "results-changed"),
    "open detail": (".card__link", "image-shown"),
}
BOUNDS = {"first picture": 1000, "filter": 150, "page": 150, "open detail": 150}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        prepared = [sys.executable, "-m", "bench.prepare", str(arguments.size)]
        environment = server.environment | {"DJANGO_SETTINGS_MODULE": "grok2api.settings"}
        subprocess.run(prepared, cwd=ROOT, env=environment, check=True, capture_output=True)
        with server, sync_playwright() as playwright:
            fill(server, [facts | {"days_ago": 0} for facts in many(60)])
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = browser.new_context(base_url=server.url, locale="en-US")
            context.add_init_script(OBSERVE)
            page = context.new_page()
            sign_in(page, server)
            measure(page, arguments.repeat)
            browser.close()


def measure(page: Page, repeat: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in BOUNDS}
    shifts = 0.0
    for _ in range(repeat):
        page.goto("/admin/gallery/", wait_until="networkidle")
        times["first picture"].append(page.evaluate("window.largest"))
        shifts = max(shifts, page.evaluate("window.shifts"))
        for name, (selector, event) in INTERACTIONS.items():
            page.goto("/admin/gallery/", wait_until="networkidle")
            times[name].append(page.evaluate(PAINTED, [selector, event]))
    print(f"{'':16}{'p50':>8}{'p95':>8}{'max':>8}{'bound':>8}  ms")
    for name, values in times.items():
        ordered = sorted(values)
        p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
        figures = (statistics.median(ordered), p95, ordered[-1], BOUNDS[name])
        print(f"{name:16}" + "".join(f"{figure:8.0f}" for figure in figures))
    print(f"layout shifts: {shifts}")


if __name__ == "__main__":
    main()

"""The page in a frame of a course page: another site's, with chosen controls hidden, and without a single cookie."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import FLAGS, chromium

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LINK = "/?v=1&data=xor&embed=true&hide=optimiser,regulariser,seed&seed=3"


class Course(BaseHTTPRequestHandler):
    """A course page with our page in a frame."""

    def __init__(self, source: list[str], *rest: object) -> None:
        self.source = source
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<h1>Lesson 3</h1><iframe src='{self.source[0]}' width=1200 height=800></iframe>".encode())

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def course() -> Iterator[tuple[str, list[str]]]:
    """Address of a course page on another site (127.0.0.1 is not localhost), and what its frame shows."""
    source = ["about:blank"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Course, source))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", source
    server.shutdown()
    server.server_close()


@pytest.fixture
def strict_browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium that blocks third-party cookies."""
    strict = browser.browser_type.launch(
        executable_path=chromium(), args=[*FLAGS, "--test-third-party-cookie-phaseout"]
    )
    yield strict
    strict.close()


def test_a_course_page_may_show_it_without_cookies(replica, course, strict_browser):
    address, source = course
    one = replica(BACKPROP_FRAME_ANCESTORS=address)
    source[0] = f"http://localhost:{one.port}{LINK}"
    context = strict_browser.new_context(viewport={"width": 1300, "height": 1000}, locale="en-GB")
    page = context.new_page()
    page.goto(address)
    frame = page.frame_locator("iframe")
    stage = frame.locator(".stage")
    expect(stage).to_have_attribute("data-state", re.compile("playing|paused"), timeout=60_000)
    expect(stage).to_have_attribute("data-step", re.compile(r"[1-9]\d*"), timeout=60_000)

    # chosen controls are hidden, the others act
    expect(frame.get_by_role("slider", name=re.compile("Learning rate"))).to_be_visible()
    for hidden in ("Optimiser", "Regularisation"):
        expect(frame.get_by_role("combobox", name=re.compile(hidden))).to_have_count(0)
    expect(frame.get_by_test_id("stToolbar")).to_have_count(0)
    frame.get_by_role("slider", name=re.compile("Learning rate")).focus()
    page.keyboard.press("ArrowRight")
    expect(frame.get_by_role("slider", name=re.compile("Learning rate"))).to_have_attribute("aria-valuetext", "0.1")

    # no cookie was kept, or is needed
    assert context.cookies(f"http://localhost:{one.port}") == []
    assert frame.locator("body").evaluate("() => document.cookie") == ""
    context.close()


def test_no_other_site_may_frame_it(replica, course, strict_browser):
    address, source = course
    one = replica(BACKPROP_FRAME_ANCESTORS="https://moodle.example")
    source[0] = f"http://localhost:{one.port}{LINK}"
    page = strict_browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    page.wait_for_timeout(500)
    assert any("frame-ancestors" in text for text in said)
    assert one.state()["sessions"] == 0
    page.close()

"""Pages of a small site in Chromium, from file://, moved by keyboard."""
import base64
import io
import json
import random
import re

import numpy as np
import pytest
import small_site as small
from axe_playwright_python.base import AXE_FILE_PATH
from PIL import Image, ImageFilter

from helpers.labs.picture import Picture
from helpers.pages.screen import Screen

WIDE, PHONE = dict(width=1280, height=900), dict(width=375, height=800)
PAGES = "index.html", "06_small.html", "deeper/06_small.html", "glossary.html"
OWN = "file:", "data:", "blob:"
SOON = 20_000                           # ms, on a busy machine
HOLDS = "text => document.querySelector('#l06a .said').textContent.startsWith(text)"
TICKED = "document.querySelector('#l06b .goals').textContent.includes('☑')"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with small.built(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture
def open_page(chromium, site):
    """A function that opens a page of the site; what it asks of others and what goes wrong fails the test."""
    contexts, wrong = [], []

    def opened(name, ending="", **settings):
        contexts.append(chromium.new_context(**{"viewport": WIDE, **settings}))
        page = contexts[-1].new_page()
        page.on("request", lambda one: wrong.extend([one.url] * (not one.url.startswith(OWN))))
        page.on("console", lambda one: wrong.extend([one.text] * (one.type in ("error", "warning"))))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((site / name).as_uri() + ending)
        return page
    yield opened
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def lab(open_page):
    return ready(open_page("06_small.html"), "l06a")


def ready(page, name):
    page.wait_for_selector(f"#{name}[data-ready]")
    return page.locator(f"#{name}")


def alt(lab): return lab.locator(".picture").get_attribute("aria-label")
def slider(lab): return lab.locator('[data-name] input[type="range"]').first


def press(lab, control, *keys):
    control.focus()
    for key in keys:
        lab.page.keyboard.press(key)


def test_a_slider_moved_by_keyboard_changes_the_picture_and_all_words(lab):
    before = lab.locator(".picture").screenshot()
    press(lab, slider(lab), "End")
    assert alt(lab) == "x is 10, plain, off, draw 1."
    assert slider(lab).get_attribute("aria-valuetext") == lab.locator("output").first.inner_text() == "10"
    assert lab.locator(".picture").screenshot() != before
    lab.page.wait_for_function(HOLDS, arg="x is 10", timeout=SOON)


def test_every_control_works_by_keyboard_and_reset_takes_all_back(lab):
    opening = alt(lab)
    press(lab, slider(lab), "Home")
    press(lab, lab.get_by_role("radio", name="plain"), "ArrowRight")
    press(lab, lab.get_by_role("checkbox"), "Space")
    press(lab, lab.get_by_role("button", name="Again"), "Enter", "Enter")
    assert alt(lab) == "x is 0, odd, on, draw 3."
    press(lab, lab.get_by_role("button", name="Reset"), "Enter")
    assert alt(lab) == opening == "x is 2, plain, off, draw 1."


def test_goals_are_ticked_where_they_are_met_and_stay_so(lab):
    goals = lab.locator(".goals li")
    assert "☐" in goals.nth(0).inner_text()
    press(lab, slider(lab), "End")
    press(lab, slider(lab), "Home")
    assert goals.nth(0).inner_text() == "☑ an x above 8 (found at x = 10)"
    assert "☐" in goals.nth(1).inner_text()


def test_a_setting_is_an_address(open_page, lab):
    press(lab, slider(lab), "End")
    lab.page.wait_for_function("location.hash.includes('x=10')", timeout=SOON)
    there = lab.page.evaluate("location.hash")
    assert there == "#lab=l06a&x=10.0&kind=plain&on=False&draw=1"
    assert alt(ready(open_page("06_small.html", there), "l06a")) == "x is 10, plain, off, draw 1."
    assert alt(ready(open_page("06_small.html", "#lab=l06a&x=7.77"), "l06a")).startswith("x is ")


def test_a_training_is_replayed_stopped_and_stepped_through(open_page):
    lab = ready(open_page("06_small.html"), "l06b")
    time, play = lab.locator(".time"), lab.get_by_role("button", name="Play")
    assert alt(lab).startswith("x is 3.5")
    press(lab, play, "Enter")
    assert lab.get_by_role("button", name="Stop").is_visible()
    press(lab, lab.get_by_role("button", name="Stop"), "Enter")
    press(lab, time, "Home")
    assert alt(lab).startswith("x is 0,") and time.get_attribute("aria-valuetext") == "12 %"
    press(lab, lab.get_by_role("radio", name="0.5"), "ArrowRight")
    lab.page.wait_for_function(TICKED, timeout=SOON)
    assert alt(lab).startswith("x is 7,")


def test_with_reduced_motion_a_training_shows_its_end(open_page):
    lab = ready(open_page("06_small.html", reduced_motion="reduce"), "l06b")
    press(lab, lab.get_by_role("radio", name="0.5"), "ArrowRight")
    assert alt(lab).startswith("x is 7,")


def test_a_question_is_answered_by_keyboard(open_page):
    page = open_page("06_small.html")
    form = page.locator(".predict")
    commit = form.get_by_role("button")
    assert commit.is_disabled() and not form.get_by_role("status").inner_text()
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    commit.focus()
    page.keyboard.press("Enter")
    assert form.get_by_role("status").inner_text() == "You said one. Two fit. It is: two. A pair fits."
    assert form.get_by_role("radio").nth(1).is_disabled()


def blurred(png):
    grey = Image.open(io.BytesIO(png)).convert("L")
    return np.asarray(grey.filter(ImageFilter.GaussianBlur(1.2)), float)


def test_the_pictures_are_those_of_the_notebook(lab):
    """Some states, by pixels after a slight blur: letters and edges are not drawn alike."""
    names = {}
    exec(small.CELLS["06_small"][4], names)
    picture = Picture(names["line"], (6.8, 3.8))
    screen, draw = Screen(picture), random.Random(0)
    svg = lab.locator(".picture")
    svg.evaluate("e => Object.assign(e.style, {borderRadius: 0, width: '680px', maxWidth: 'none'})")
    for _ in range(4):
        press(lab, slider(lab), draw.choice(["Home", "End"]), *["ArrowRight"] * draw.randrange(12))
        x = float(re.match("x is ([^,]+),", alt(lab))[1])
        picture.put(names["same"](x, "plain", False, 1))
        screen.draw()
        data = base64.b64decode(re.search("base64,([^\"]+)", screen.tag())[1])
        one, two = (blurred(png)[:380, :680] for png in (svg.screenshot(), data))   # a part of a pixel more
        assert (abs(one - two) > 64).mean() < 0.002
        assert (abs(one - 255) > 64).mean() > 0.005, "it is not empty"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(open_page, name, scheme):
    page = open_page(name, color_scheme=scheme)
    page.wait_for_timeout(300)
    page.evaluate(AXE_FILE_PATH.read_text("utf-8"))
    found = page.evaluate("axe.run({preload: false})")["violations"]
    assert not found, json.dumps([(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found])


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(open_page, name):
    page = open_page(name, viewport=PHONE, is_mobile=True, has_touch=True)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_javascript_a_page_still_reads(open_page):
    page = open_page("06_small.html", java_script_enabled=False)
    lab = page.locator("#l06a")
    assert alt(lab) == "x is 2, plain, off, draw 1." and "moves with JavaScript" in lab.inner_text()
    page.get_by_text("What you should have found").click()
    assert page.get_by_text("It moves.").is_visible()

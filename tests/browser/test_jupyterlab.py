"""Labs as a learner meets them: JupyterLab in Chromium, moved by keyboard."""
import time
from functools import partial

import nbformat
import pytest
from browser.jupyter import PATIENCE, open_notebook
from playwright.sync_api import Error

from web.cells import CORE, DEEPER, for_labs, is_lab, label, labs


def read(path):
    return nbformat.read(path, as_version=4)


WITH_LABS = [path for path in (*CORE, *DEEPER) if labs(read(path))]

HEAD = """
import time
from functools import partial
from helpers import live, log, show

def bar(fig):
    ax = fig.subplots()
    ax.set(xlim=(0, 10), ylim=(0, 1))
    line, = ax.plot([], [], lw=20, animated=True)
    def draw(x):
        line.set_data([0, x], [0.5, 0.5])
        return f"x is {x:g}"
    return draw
"""
LAB = """
def compute(x, by, kind):
    if x == 8: raise ValueError("x must not be 8")
    return dict(x=x * by if kind == "plain" else 3)
live(compute, bar, goals={"an x above 8": lambda at: at.x > 8},
     x=(0.0, 10.0, 2.0), by=log(0.01, 5, 0.5), kind=["plain", "other"])
"""
TRAIN = """
def train(x):
    for k in range(100 if x > 5 else 2):
        time.sleep(0.05)
        yield dict(x=x * k / 100, progress=(k + 1) / 100)
live(train, bar, x=(0, 10, 2))
"""
SHOW = "show(bar, x=3)"
ASK = """
from helpers import predict
from helpers.checks.predict import Question
predict(Question("How many?", {"one": "Two fit.", "two": "A pair fits."}, "two"))
"""


class Cell:
    """A cell with a picture."""

    def __init__(self, locator):
        self.it, self.page = locator, locator.page
        self.it.scroll_into_view_if_needed()

    def alt(self): return self.it.locator("img").get_attribute("alt")

    def pixels(self):
        """Of what holds the <img>, which a training replaces."""
        return self.it.locator(":has(> img)").screenshot()

    def error(self): return " ".join(self.it.get_by_role("alert").all_inner_texts())
    def height(self): return self.it.locator(".jp-Cell-outputArea").bounding_box()["height"]
    def text(self): return self.it.locator(".jp-Cell-outputArea").inner_text()

    def press(self, control, *keys):
        control.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"in vain; alt text {self.alt()!r}, the cell says {self.text()!r}"
            self.page.wait_for_timeout(50)


def far_end(handle):
    """The key that brings a slider to the end it does not stand at."""
    at, high = (float(handle.get_attribute(f"aria-value{name}")) for name in ("now", "max"))
    return "Home" if at == high else "End"


@pytest.fixture(scope="module")
def opened(page, server):
    """A notebook with a lab, a training lab, a picture and a question, run."""
    cells = map(nbformat.v4.new_code_cell, (HEAD, LAB, TRAIN, SHOW, ASK))
    with open_notebook(page, server, nbformat.v4.new_notebook(cells=[*cells]), "made") as notebook:
        assert notebook.run() == {}
        yield [Cell(notebook.cells().nth(k)) for k in range(5)]


@pytest.fixture
def made(opened):
    """Its cells, the lab as it opened."""
    _, lab, *_ = opened
    lab.press(lab.it.get_by_role("button", name="Reset"), "Enter")
    lab.until(lambda: lab.alt() == "x is 1" and not lab.error())
    return opened


def test_a_slider_moved_by_keyboard_changes_pixels_and_alt_text(made):
    _, cell, *_ = made
    handle, before, height = cell.it.locator(".noUi-handle").first, cell.pixels(), cell.height()
    assert cell.alt() == "x is 1"
    cell.press(handle, "ArrowRight")
    cell.until(lambda: cell.alt() == "x is 1.05")
    assert cell.pixels() != before and cell.height() == height


def find(cell):
    """What there is to find in the made lab; once found it stays so."""
    cell.press(cell.it.locator(".noUi-handle").first, "End")
    cell.press(cell.it.locator(".noUi-handle").nth(1), "End")
    cell.until(lambda: "☑ an x above 8" in cell.text())


def test_a_goal_ticks_and_nothing_jumps(made):
    _, cell, *_ = made
    height = cell.height()
    assert "☐" in cell.text()
    find(cell)
    assert "found at x =" in cell.text() and cell.height() == height


def test_buttons_and_reset_work_by_keyboard(made):
    _, cell, *_ = made
    cell.press(cell.it.get_by_role("button", name="other"), "Space")
    cell.until(lambda: cell.alt() == "x is 3")
    cell.press(cell.it.get_by_role("button", name="Reset"), "Enter")
    readout = cell.it.locator(".widget-readout").first
    cell.until(lambda: cell.alt() == "x is 1" and readout.inner_text() == "2.00")


def test_an_error_is_an_alert_in_place_of_the_picture_and_goes_away(made):
    _, cell, *_ = made
    height, readout = cell.height(), cell.it.locator(".widget-readout").first

    def typed():                        # once more where the kernel's answer to Reset came in between
        readout.fill("8")
        readout.press("Enter")
        cell.page.wait_for_timeout(500)
        return cell.error()
    cell.until(typed)
    assert cell.error() == "ValueError: x must not be 8" and cell.height() == height
    cell.press(cell.it.locator(".noUi-handle").first, "Home")
    cell.until(lambda: cell.alt() == "x is 0" and not cell.error())


def test_no_frame_is_without_its_picture(made):
    _, cell, *_ = made
    cell.press(cell.it.locator(".noUi-handle").first, "Home")
    cell.until(lambda: cell.alt() == "x is 0")
    cell.it.evaluate("""cell => { window.frames_ = []; const look = () => {
        const image = cell.querySelector('img');
        frames_?.push(!!image && image.complete && image.naturalWidth > 0 && image.height > 100);
        if (frames_) requestAnimationFrame(look); }; look(); }""")
    for _ in range(15):
        cell.press(cell.it.locator(".noUi-handle").first, "ArrowRight")
    cell.until(lambda: cell.alt() == "x is 0.75")
    seen = cell.page.evaluate("() => { const seen = frames_; frames_ = null; return seen }")
    assert len(seen) > 10 and all(seen)


def test_a_training_shows_progress_and_stops(made):
    _, _, cell, *_ = made
    height, stop = cell.height(), cell.it.get_by_role("button", name="Stop")
    assert "done" in cell.text() and stop.is_disabled()
    cell.press(cell.it.locator(".noUi-handle").first, "End")
    cell.until(lambda: stop.is_enabled() and cell.alt() not in ("x is 0.02", "x is 0"))
    assert cell.it.get_by_role("progressbar").count() == 1
    cell.press(stop, "Enter")
    cell.until(lambda: "stopped at" in cell.text())
    alt = cell.alt()
    cell.page.wait_for_timeout(300)
    assert cell.alt() == alt and cell.height() == height and stop.is_disabled()


def fits(cell, width):
    """Once it has a place: a new <img> may not be laid out yet."""
    box = cell.it.locator("img").bounding_box()
    return box and box["width"] < width


def box_of(locator):
    """Where it is on the screen: JupyterLab takes cells out of the page that are not to be seen. What a lab
    draws anew meanwhile (its <img> is another then) is looked up again."""
    for _ in range(5):
        try:
            locator.scroll_into_view_if_needed()
        except Error as gone:
            if "not attached" not in str(gone):
                raise
        else:
            if box := locator.bounding_box():
                return box
        locator.page.wait_for_timeout(200)
    raise AssertionError(f"{locator} does not stay on the page")


def test_a_single_picture_has_alt_text_and_all_shrink_with_the_page(made):
    _, cell, _, picture, _ = made
    assert picture.alt() == "x is 3"
    find(cell)
    size, page = cell.page.viewport_size, cell.page
    page.set_viewport_size(dict(width=375, height=size["height"]))
    try:
        for one in cell, picture:
            one.until(partial(fits, one, 375))
            box = box_of(one.it.locator("img"))
            assert box["height"] / box["width"] == pytest.approx(380 / 680, abs=0.01)
            area = box_of(one.it.locator(".jp-Cell-outputArea"))
            assert box["x"] + box["width"] <= area["x"] + area["width"] + 1
        goals = box_of(cell.it.get_by_role("status"))
        area = box_of(cell.it.locator(".jp-Cell-outputArea"))
        assert goals["x"] + goals["width"] <= area["x"] + area["width"] + 1     # a long "found at" is cut
    finally:
        page.set_viewport_size(size)


def test_a_question_is_answered_by_keyboard_and_nothing_jumps(made):
    *_, cell = made
    height, commit = cell.height(), cell.it.get_by_role("button", name="That is my answer")
    assert commit.is_disabled()
    cell.press(cell.it.get_by_role("button", name="one"), "Space")
    cell.until(commit.is_enabled)
    cell.press(commit, "Enter")
    cell.until(lambda: "You said one. Two fit. It is: two. A pair fits." in cell.text())
    assert cell.page.evaluate("document.activeElement.textContent") == "Answered" and cell.height() == height


@pytest.mark.parametrize("path", WITH_LABS, ids=label)
def test_a_notebook_runs_and_every_lab_answers(page, server, path):
    few = for_labs(read(path))
    with open_notebook(page, server, few, label(path).replace("/", "_")) as notebook:
        assert notebook.run() == {}
        found = notebook.labs()
        assert len(found) == sum(map(is_lab, few.cells))
        for cell in map(Cell, found):
            answers(cell)


def answers(cell):
    """Its first slider, or else its second button, changes pixels and alt text; a training takes its time."""
    before, alt, handles = cell.pixels(), cell.alt(), cell.it.locator(".noUi-handle")
    assert alt
    if handles.count():
        cell.press(handles.first, far_end(handles.first))
    else:
        cell.press(cell.it.locator(".widget-toggle-button, input[type=checkbox]").nth(1), "Space")
    cell.until(lambda: cell.error() or cell.alt() != alt and cell.pixels() != before)
    assert not cell.error()

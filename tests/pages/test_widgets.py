"""Labs on the page of a notebook, without a browser; on ipywidgets 7.7.1, as Colab has it, and on 8."""
import base64
import html
import io
import re
import time
from functools import partial

import ipywidgets
import matplotlib
import numpy as np
import pytest
from IPython.display import HTML
from PIL import Image

from helpers import again, live, log, one_of, show
from helpers.labs.controls import control
from helpers.labs.picture import Picture
from helpers.pages import screen, stored, widgets


@pytest.fixture(autouse=True)
def displayed(monkeypatch):
    """What was displayed, as (object, metadata); labs are closed after the test."""
    out = []

    def note(what, metadata=None, raw=False):
        out.append((what, metadata))
    for page in (widgets, stored):
        monkeypatch.setattr(page, "display", note)
    monkeypatch.setattr(widgets, "shown", [])
    monkeypatch.delenv("RECORD", raising=False)
    yield out
    for *_, thing in widgets.shown:
        thing.close()


def dot(fig):
    """A picture with a still part and a moving one that overlap."""
    ax = fig.subplots()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    ax.axhspan(4, 6, color="0.8")
    line, = ax.plot([], [], "o-", lw=5, animated=True)
    label = ax.text(0, 0, "", ha="center", animated=True, zorder=1)     # under the line

    def draw(x, **others):
        line.set_data([1, x], [1, x])
        label.set(text=f"x is {x:g}", position=(x, x))
        return f"x is {x:g}"
    return draw


def opened(compute, figure=dot, **options):
    """The box of a lab that live has shown."""
    live(compute, figure, **options)
    return widgets.shown[-1][2]


def seen(box):
    """Pixels and alt text of the <img> in the lab."""
    alt, data = re.search(r'alt="([^"]*)" src="data:image/png;base64,([^"]*)"', box.image.value).groups()
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), html.unescape(alt)


def words(widget):
    return html.unescape(re.sub("<[^>]*>", " ", widget.value)).strip()


def simple(x):
    return dict(x=x)


def training(x):
    """Its opening, x = 2, is over at once; else it takes two seconds."""
    for k in range(1 if x == 2 else 1000):
        time.sleep(0.002)
        yield dict(x=x, progress=(k + 1) / 1000)


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


# ---------------------------------------------------------------- the picture

def test_a_slider_changes_the_pixels_and_the_alt_text():
    box = opened(simple, x=(0.0, 10.0, 2.0))
    before, alt = seen(box)
    box.controls["x"].value = 8.0
    after, new = seen(box)
    assert (alt, new) == ("x is 2", "x is 8") and (before != after).any()


@pytest.mark.parametrize("x", [1.0, 5.0, 8.5])
def test_a_blitted_picture_equals_a_full_redraw(x):
    box = opened(simple, x=(0.0, 10.0, 2.0))
    box.controls["x"].value = x
    blitted, _ = seen(box)
    picture, canvas = box.lab.picture, box.screen.canvas
    for artist in picture.moving:
        artist.set_animated(False)
    with picture.styled():
        canvas.draw()
    full = np.asarray(canvas.buffer_rgba())[..., :3]
    assert len(picture.moving) == 2 and (blitted == full).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (37, 53, 3)])
def test_the_png_holds_the_pixels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    Image.open(io.BytesIO(screen.png(pixels))).verify()           # checksums
    assert (np.asarray(Image.open(io.BytesIO(screen.png(pixels)))) == pixels).all()


def test_moves_leave_the_background_as_it_was():
    box = opened(simple, x=(0.0, 10.0, 2.0))
    first, _ = seen(box)
    for x in (9.0, 0.0, 4.5, 2.0):
        box.controls["x"].value = x
    assert (seen(box)[0] == first).all()


def test_the_picture_shrinks_with_the_page_and_keeps_its_place():
    box = opened(simple, size=(5, 3), x=(0.0, 10.0, 2.0))
    assert 'width="500" height="300" style="max-width:100%;height:auto' in box.image.value


def test_alt_text_is_escaped_and_the_learners_style_is_left_alone():
    before = dict(matplotlib.rcParams)
    box = opened(simple, lambda fig: lambda x: 'a "b" <c>', x=(0.0, 1.0))
    assert seen(box)[1] == 'a "b" <c>' and dict(matplotlib.rcParams) == before


# ---------------------------------------------------------------- controls

@pytest.mark.parametrize("spec, kind, value", [
    ((0.1, 5.0, 3.0), ipywidgets.FloatSlider, 3.0), ((2.0, 4.0), ipywidgets.FloatSlider, 2.0),
    ((1, 8, 3), ipywidgets.IntSlider, 3), (log(0.01, 5, 0.1), ipywidgets.SelectionSlider, 0.1),
    (True, ipywidgets.Checkbox, True), ([0.1, 1, 5], ipywidgets.ToggleButtons, 0.1),
    (one_of([0.1, 1, 5], 5), ipywidgets.ToggleButtons, 5),
])
def test_each_control_has_its_widget_with_its_start_name_and_stops(spec, kind, value):
    made = control("learning_rate", spec)
    widget = widgets.WIDGETS[made.kind](made)
    assert type(widget) is kind and widget.value == value and widget.description == "learning rate"
    if hasattr(widget, "max"):
        assert (widget.min, widget.max, widget.step) == (made.stops[0], made.stops[-1], made.step)
    elif hasattr(widget, "options"):
        assert tuple(value for _, value in widget.options) == made.stops


def test_a_button_that_counts_moves_at_each_press_and_reset_goes_back_to_the_first():
    goals = {"the third": lambda at: at.draw == 3}
    box = opened(lambda draw: dict(x=draw), goals=goals, draw=again("Resample", 3))
    alts = [seen(box)[1]]
    for _ in range(4):
        box.controls["draw"].click()
        alts.append(seen(box)[1])
    assert alts == [f"x is {x}" for x in (1, 2, 3, 1, 2)] and box.controls["draw"].description == "Resample"
    box.reset.click()
    assert seen(box)[1] == "x is 1" and box.lab.found == {"the third": "draw = 3"}


def test_reset_is_one_move_and_sets_the_widgets():
    calls = []
    box = opened(lambda x, y: calls.append((x, y)) or dict(x=x), x=(0.0, 10.0, 2.0), y=[1, 2])
    box.controls["x"].value, box.controls["y"].value = 5.0, 2
    calls.clear()
    box.reset.click()
    assert calls == [(2.0, 1)] and seen(box)[1] == "x is 2"
    assert (box.controls["x"].value, box.controls["y"].value) == (2.0, 1)


def test_a_slider_between_two_stops_is_a_round_number_and_stays_where_it_is():
    box = opened(simple, x=(0.1, 5.0, 3.0))
    box.controls["x"].value = 2.900000000000001              # what a browser sends
    assert box.lab.settings == dict(x=2.9) and box.controls["x"].value == 2.900000000000001


# ---------------------------------------------------------------- errors, goals

def fragile(x):
    if x > 5:
        raise ValueError("x > 5 & so on")
    return dict(x=x)


def test_an_error_is_said_in_the_lab_and_the_next_good_setting_recovers():
    box = opened(fragile, x=(0.0, 10.0, 2.0))
    box.controls["x"].value = 6.0
    assert 'role="alert"' in box.image.value
    assert words(box.image) == "ValueError: x > 5 & so on" and seen(box)[1] == ""
    box.controls["x"].value = 4.0
    assert "alert" not in box.image.value and seen(box)[1] == "x is 4"


def test_an_error_in_the_first_run_is_raised_and_the_lab_lives():
    with pytest.raises(ValueError, match="x > 5"):
        live(fragile, dot, x=(0.0, 10.0, 6.0))
    box = widgets.shown[-1][2]
    box.controls["x"].value = 1.0
    assert seen(box)[1] == "x is 1"


def test_an_error_in_draw_leaves_no_trace_on_the_next_picture():
    def brittle(fig):
        draw = dot(fig)
        return lambda x: draw(x) if x < 5 else draw(x) + 1
    box = opened(simple, brittle, x=(0.0, 10.0, 2.0))
    first, _ = seen(box)
    box.controls["x"].value = 7.0
    assert isinstance(box.lab.error, TypeError)
    box.controls["x"].value = 2.0
    assert (seen(box)[0] == first).all()


def goal_box(**more):
    goals = {"x <big>": lambda at: at.x > 5, "twice x is 4": lambda at: at.twice == 4}
    return opened(lambda x: dict(x=x, twice=2 * x), goals=goals, x=(0.0, 10.0, 2.0), **more)


def test_goals_are_listed_and_ticked_where_they_are_found():
    box = goal_box()
    box.reset.click()
    assert words(box.list).count("☐") == 2
    box.controls["x"].value = 7.0
    assert "☑ x <big>" in words(box.list) and "found at x = 7" in words(box.list)
    assert 'role="status"' in box.list.value and "<big>" not in box.list.value


# ---------------------------------------------------------------- training

def test_a_training_shows_its_progress_stops_and_is_done():
    box = opened(training, x=(0, 9, 2))
    assert words(box.bar) == "done" and 'value="1.000"' in box.bar.value and box.stop.disabled
    box.controls["x"].value = 5
    until(lambda: box.lab.progress >= 0.1 and box.lab.run == "running")
    assert not box.stop.disabled and re.fullmatch(r"\d+ %", words(box.bar))
    box.stop.click()
    said, picture = words(box.bar), box.image.value
    box.lab.worker.join(10)
    assert re.fullmatch(r"stopped at \d\d %", said) and words(box.bar) == said and box.stop.disabled
    assert box.image.value == picture
    box.reset.click()
    box.lab.worker.join(10)
    box.stop.click()                                         # nothing runs: nothing changes
    assert words(box.bar) == "done"


def test_a_training_without_progress_says_that_it_runs():
    said = []

    def slowly(x):
        said.append(words(widgets.shown[-1][2].bar))
        yield dict(x=x)
    box = opened(slowly, x=(0, 9, 2))
    assert said == ["running"] and words(box.bar) == "done" and box.bar.layout.display is None


def test_stop_and_bar_take_no_place_where_nothing_trains():
    box = opened(simple, x=(0.0, 1.0))
    assert box.stop.layout.display == box.bar.layout.display == "none"


def test_what_becomes_a_training_later_shows_stop_from_then_on():
    box = opened(lambda x: training(x) if x else dict(x=0), x=(0, 9, 0))
    assert box.stop.layout.display == "none"
    box.controls["x"].value = 5
    until(lambda: not box.stop.disabled)
    assert box.stop.layout.display is None
    box.controls["x"].value = 0
    box.lab.worker.join(10)
    assert box.stop.disabled and words(box.bar).startswith("stopped at") and seen(box)[1] == "x is 0"


def test_an_error_in_a_training_is_said_and_the_next_run_recovers():
    def breaks(x):
        yield dict(x=x, progress=0.5)
        if x > 5:
            raise FloatingPointError("the loss is nan")
    box = opened(breaks, x=(0, 9, 2))
    box.controls["x"].value = 8
    box.lab.worker.join(10)
    assert words(box.image) == "FloatingPointError: the loss is nan" and words(box.bar) == "stopped at 50 %"
    box.controls["x"].value = 4
    box.lab.worker.join(10)
    assert seen(box)[1] == "x is 4"


# ---------------------------------------------------------------- cells and records

class Shell:
    """A kernel that is told which cell runs, or not (Colab)."""

    def __init__(self, cell, run):
        self.parent = dict(metadata={"cellId": cell} if cell else {}, header={"msg_id": run})

    def get_parent(self):
        return self.parent


@pytest.mark.parametrize("cell", ["abc", None])
def test_a_cell_that_runs_again_closes_its_lab_and_ends_its_training(monkeypatch, cell):
    started, boxes = [], []

    def compute(x):
        started.append(x)
        yield from training(x)
    for run in "12":
        monkeypatch.setattr(widgets, "get_ipython", partial(Shell, cell, run))
        boxes.append(opened(compute, x=(0, 9, 2)))           # the same line: the same cell
        boxes[-1].controls["x"].value = 5
        until(lambda: started.count(5) == len(boxes))
    old, new = boxes
    old.lab.worker.join(10)
    assert [thing for *_, thing in widgets.shown] == [new]
    assert not old.lab.worker.is_alive() and new.lab.worker.is_alive()
    assert old.box.comm is None and old.controls["x"].comm is None and new.controls["x"].comm is not None
    count = len(started)
    old.controls["x"].value = 7
    assert len(started) == count


def test_two_labs_of_one_run_and_labs_of_other_cells_stay(monkeypatch):
    for cell, run in [("a", "1"), ("a", "1"), ("b", "2")]:
        monkeypatch.setattr(widgets, "get_ipython", partial(Shell, cell, run))
        opened(simple, x=(0.0, 1.0))
    assert len(widgets.shown) == 3


def test_live_displays_one_widget(displayed):
    box = opened(simple, x=(0.0, 1.0))
    assert [what for what, _ in displayed] == [box.box]


def test_a_record_is_a_picture_with_alt_text_and_its_goals_as_text(monkeypatch, displayed):
    monkeypatch.setenv("RECORD", "1")
    live(lambda x: dict(x=x), dot, size=(5, 3), goals={"x <big>": lambda at: at.x > 5}, x=(0.0, 10.0, 2.0))
    (goals, _), (data, metadata) = displayed
    assert isinstance(goals, HTML) and "<li>x &lt;big&gt;</li>" in goals.data and "☐" not in goals.data
    assert data["text/plain"] == "x is 2"
    assert metadata == {"image/png": dict(width=500, height=300, alt="x is 2")}
    still = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert still.mode == "P" and still.size == (1000, 600)
    monkeypatch.delenv("RECORD")
    on_screen = seen(opened(simple, size=(5, 3), x=(0.0, 10.0, 2.0)))[0]        # what moves is in it
    assert np.abs(np.asarray(still.convert("RGB").resize((500, 300)), float) - on_screen).mean() < 3


def test_a_stored_picture_keeps_its_colours():
    def colourful(fig):
        ax = fig.subplots()
        ax.imshow(np.linspace(0, 1, 400).reshape(20, 20), cmap="viridis")
        ax.plot([0, 19], [3, 9], color="#D55E00")
        return lambda: "words"
    picture = Picture(colourful, (5, 3))
    full = screen.printed(picture)
    small = screen.palette(full)
    before, after = (np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int) for data in (full, small))
    assert np.abs(before - after).max() <= 16 and (after[0, 0] == 255).all() and len(small) < 0.6 * len(full)


def test_a_record_of_a_training_is_its_last_picture(monkeypatch, displayed):
    monkeypatch.setenv("RECORD", "1")
    live(lambda x: (dict(x=k) for k in range(x)), dot, x=(0, 9, 5))
    assert [data["text/plain"] for data, _ in displayed] == ["x is 4"]


@pytest.mark.parametrize("record", [False, True])
def test_show_is_one_picture_with_alt_text(monkeypatch, displayed, record):
    if record:
        monkeypatch.setenv("RECORD", "1")
    show(dot, size=(4, 3), x=3)
    (what, metadata), = displayed
    if record:
        assert metadata["image/png"] == dict(width=400, height=300, alt="x is 3")
    else:
        assert 'width="400" height="300"' in what.data and 'alt="x is 3"' in what.data
    assert not widgets.shown


def test_another_page_takes_everything():
    from helpers import pages, predict
    from helpers.checks.predict import Question
    taken = []

    class Page:
        """Notes what it gets."""

        def lab(self, lab, place=None):
            lab.open()
            taken.append(lab.picture.alt)

        def still(self, picture):
            taken.append(picture.alt)

        def question(self, question):
            taken.append(question.text)
    pages.use(Page())
    try:
        live(simple, dot, x=(0.0, 1.0, 0.5))
        show(dot, x=2)
        predict(Question("How?", {"so": "No.", "or": "Yes."}, "or"))
    finally:
        pages.use(None)
    assert taken == ["x is 0.5", "x is 2", "How?"] and not widgets.shown

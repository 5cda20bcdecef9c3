"""Labs, driven without a browser. The same file passes on ipywidgets 7.7.1, as Colab has it, and on 8."""
import base64
import html
import io
import re
import threading
import time

import ipywidgets as widgets
import matplotlib
import numpy as np
import pytest
from IPython.display import HTML
from PIL import Image

from helpers import cells
from helpers import live as module
from helpers.live import control, labs, live, log, one_of, show


@pytest.fixture(autouse=True)
def displayed(monkeypatch):
    """What was displayed, as (object, metadata); labs are closed after the test."""
    out = []
    monkeypatch.setattr(module, "display", lambda what, metadata=None, raw=False: out.append((what, metadata)))
    monkeypatch.delenv("RECORD", raising=False)
    yield out
    while labs: labs[0].close()


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


def shown_by(lab):
    """Pixels and alt text of the <img> in the lab."""
    alt, data = re.search(r'alt="([^"]*)" src="data:image/png;base64,([^"]*)"', lab.image.value).groups()
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), html.unescape(alt)


def words(widget):
    return html.unescape(re.sub("<[^>]*>", " ", widget.value)).strip()


def open_lab(compute, **options):
    live(compute, dot, **options)
    return labs[-1]


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def simple(x): return dict(x=x)


# ---------------------------------------------------------------- picture

def test_a_move_changes_the_pixels_and_the_alt_text():
    lab = open_lab(simple, x=(0.0, 10.0, 2.0))
    before, alt = shown_by(lab)
    lab.controls["x"].value = 8.0
    after, new = shown_by(lab)
    assert (alt, new) == ("x is 2", "x is 8") and (before != after).any()


@pytest.mark.parametrize("x", [1.0, 5.0, 8.5])
def test_a_blitted_picture_equals_a_full_redraw(x):
    lab = open_lab(simple, x=(0.0, 10.0, 2.0))
    lab.controls["x"].value = x
    blitted, _ = shown_by(lab)
    picture = lab.picture
    for artist in picture.moving: artist.set_animated(False)
    with matplotlib.rc_context(module.STYLE): picture.canvas.draw()
    full = np.asarray(picture.canvas.buffer_rgba())[..., :3]
    assert len(picture.moving) == 2 and (blitted == full).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (37, 53, 3)])
def test_the_png_holds_the_pixels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    opened = Image.open(io.BytesIO(module.png(pixels)))
    opened.verify()                                          # checksums
    assert (np.asarray(Image.open(io.BytesIO(module.png(pixels)))) == pixels).all()


def test_moves_leave_the_background_as_it_was():
    lab = open_lab(simple, x=(0.0, 10.0, 2.0))
    first, _ = shown_by(lab)
    for x in (9.0, 0.0, 4.5, 2.0): lab.controls["x"].value = x
    assert (shown_by(lab)[0] == first).all()


def test_the_picture_shrinks_with_the_page_and_keeps_its_place():
    lab = open_lab(simple, size=(5, 3), x=(0.0, 10.0, 2.0))
    assert 'width="500" height="300" style="max-width:100%;height:auto' in lab.image.value


def test_alt_text_is_escaped_and_the_learners_style_is_left_alone():
    def quoting(fig): return lambda x: 'a "b" <c>'
    before = dict(matplotlib.rcParams)
    live(simple, quoting, x=(0.0, 1.0))
    assert shown_by(labs[-1])[1] == 'a "b" <c>' and dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("compute, draws, error, says", [
    (lambda x: None, dot, TypeError, "expected a dict"),
    (simple, lambda fig: lambda x: None, TypeError, "expected the alt text"),
    (simple, lambda fig: fig.text(0, 0, "a", animated=True), ValueError, "put it on axes"),
])
def test_a_figure_or_compute_that_breaks_its_contract_is_told(compute, draws, error, says):
    with pytest.raises(error, match=says): live(compute, draws, x=(0.0, 1.0))


# ---------------------------------------------------------------- controls

@pytest.mark.parametrize("spec, kind, value", [
    ((0.1, 5.0, 3.0), widgets.FloatSlider, 3.0), ((2.0, 4.0), widgets.FloatSlider, 2.0), ((1, 8, 3), widgets.IntSlider, 3),
    (log(0.01, 5, 0.1), widgets.SelectionSlider, 0.1), (True, widgets.Checkbox, True), ([0.1, 1, 5], widgets.ToggleButtons, 0.1),
    (one_of([0.1, 1, 5], 5), widgets.ToggleButtons, 5),
])
def test_each_abbreviation_makes_its_control_with_its_start_and_name(spec, kind, value):
    w = control("learning_rate", spec)
    assert type(w) is kind and w.value == value and w.description == "learning rate"


def test_a_start_that_is_no_option_is_told():
    with pytest.raises(ValueError, match="start=2: expected one of 1, 3"): one_of([1, 3], 2)


def test_a_widget_stays_the_learners_own():
    mine = widgets.Dropdown(options=[1.0, 2.0])
    lab = open_lab(simple, x=mine)
    assert lab.controls["x"] is mine
    lab.close()
    assert mine.comm is not None


@pytest.mark.parametrize("spec", [(0.1, 5.0, 1.0), (0.01, 5.0, 1.0), (-4.0, 4.0, 0.0), (0.0, 0.95, 0.9), (0.0, 30.0, 1.0), (1e-5, 1e-3, 1e-4)])
def test_a_slider_stops_at_its_start_in_few_enough_steps(spec):
    w = control("x", spec)
    low, high, start = spec
    assert (start - low) / w.step == pytest.approx(round((start - low) / w.step), abs=1e-6)
    assert start / w.step == pytest.approx(round(start / w.step), abs=1e-6)
    assert 40 <= (high - low) / w.step <= 500


@pytest.mark.parametrize("spec, reached", [(log(0.01, 5, 0.1), {0.01, 0.1, 0.2, 0.5, 0.7, 1, 2, 3, 5}), (log(1e-5, 1e-2, 7.5e-5), {1e-5, 7.5e-5, 3e-4, 1.2e-3, 1e-2})])
def test_a_log_slider_reaches_round_numbers_exactly(spec, reached):
    stops = [value for _, value in control("rate", spec).options]
    assert reached <= set(stops) and stops == sorted(stops) and (stops[0], stops[-1]) == spec[:2]
    assert all(1 < b / a < 1.5 for a, b in zip(stops, stops[1:]))


def test_a_log_slider_over_whole_numbers_gives_whole_numbers():
    stops = [value for _, value in control("n", log(4, 1000, 64)).options]
    assert all(type(v) is int for v in stops) and {4, 64, 100, 1000} <= set(stops)


def test_settings_are_the_round_numbers_the_learner_sees():
    seen = []
    lab = open_lab(lambda x: seen.append(x) or dict(x=x), x=(0.1, 5.0, 3.0))
    lab.controls["x"].value = 2.900000000000001              # what a browser sends
    assert seen == [3.0, 2.9]


@pytest.mark.parametrize("spec, error", [
    ((5.0, 1.0), ValueError), ((0.0, 1.0, 2.0), ValueError), (log(0, 1, 0.5), ValueError), ((0.0, 1.0, float("nan")), ValueError),
    ((1.0,), TypeError), ((True, False), TypeError), (["one"], TypeError), ("text", TypeError), (0.5, TypeError), (widgets.HBox(), TypeError),
])
def test_a_control_that_cannot_be_made_names_itself(spec, error):
    with pytest.raises(error, match="rate="): live(simple, dot, rate=spec)


def test_reset_is_one_move():
    calls = []
    lab = open_lab(lambda x, y: calls.append((x, y)) or dict(x=x), x=(0.0, 10.0, 2.0), y=[1, 2])
    lab.controls["x"].value, lab.controls["y"].value = 5.0, 2
    calls.clear()
    lab.reset.click()
    assert calls == [(2.0, 1)] and shown_by(lab)[1] == "x is 2"


# ---------------------------------------------------------------- errors

def fragile(x):
    if x > 5: raise ValueError("x > 5 & so on")
    return dict(x=x)


def test_an_error_is_said_in_the_lab_and_the_next_good_setting_recovers():
    lab = open_lab(fragile, x=(0.0, 10.0, 2.0))
    lab.controls["x"].value = 6.0
    assert isinstance(lab.error, ValueError) and 'role="alert"' in lab.image.value
    assert words(lab.image) == "ValueError: x > 5 & so on" and shown_by(lab)[1] == ""
    lab.controls["x"].value = 4.0
    assert lab.error is None and "alert" not in lab.image.value and shown_by(lab)[1] == "x is 4"


def test_an_error_in_the_first_run_is_raised_and_the_lab_lives():
    with pytest.raises(ValueError, match="x > 5"): live(fragile, dot, x=(0.0, 10.0, 6.0))
    labs[-1].controls["x"].value = 1.0
    assert shown_by(labs[-1])[1] == "x is 1"


def test_an_error_in_draw_leaves_no_trace_on_the_next_picture():
    def brittle(fig):
        draw = dot(fig)
        return lambda x: draw(x) if x < 5 else draw(x) + 1
    live(simple, brittle, x=(0.0, 10.0, 2.0))
    lab, (first, _) = labs[-1], shown_by(labs[-1])
    lab.controls["x"].value = 7.0
    assert isinstance(lab.error, TypeError)
    lab.controls["x"].value = 2.0
    assert (shown_by(lab)[0] == first).all()


# ---------------------------------------------------------------- goals

def goal_lab(**more):
    return open_lab(lambda x: dict(x=x, twice=2 * x), goals={"x <big>": lambda at: at.x > 5, "twice x is 4": lambda at: at.twice == 4}, x=(0.0, 10.0, 2.0), **more)


def test_the_opening_ticks_no_goal_and_neither_does_an_idle_reset():
    lab = goal_lab()
    lab.reset.click()
    assert words(lab.list).count("☐") == 2 and not lab.found


def test_a_goal_ticks_says_where_and_stays_ticked():
    lab = goal_lab()
    lab.controls["x"].value = 7.0
    lab.controls["x"].value = 8.0
    assert lab.found == {"x <big>": "x = 7"} and "☑ x <big>" in words(lab.list) and "found at x = 7" in words(lab.list)
    lab.reset.click()                                        # the opening counts once the learner has left it
    assert lab.found == {"x <big>": "x = 7", "twice x is 4": "x = 2"}
    assert 'role="status"' in lab.list.value and "<big>" not in lab.list.value


def test_settings_are_told_as_the_learner_sees_them():
    live(lambda on, kind, n, rate: dict(x=n), dot, goals={"any": lambda at: True}, on=False, kind=[("plain", 0), ("batch", 1)], n=(1, 9), rate=log(1e-5, 1, 1e-4))
    labs[-1].put(on=True, kind=1)
    assert labs[-1].found == {"any": "on = on, kind = batch"}                  # what stands as it opened goes without saying


def test_a_goal_met_as_it_opened_tells_all_settings():
    live(lambda n, rate: dict(x=n), dot, goals={"n is 1": lambda at: at.n == 1}, n=(1, 9), rate=log(1e-5, 1, 1e-4))
    labs[-1].put(n=2)
    labs[-1].reset.click()
    assert labs[-1].found == {"n is 1": "n = 1, rate = 0.0001"}


def test_a_goal_of_a_training_is_judged_at_its_end():
    def climb(x):
        for k in range(4): yield dict(x=x + k, progress=k / 3)
    lab = open_lab(climb, goals={"passes 6": lambda at: at.x == 6, "ends at 8": lambda at: at.x == 8}, x=(0, 9, 1))
    lab.controls["x"].value = 5
    lab.worker.join()
    assert lab.found == {"ends at 8": "x = 5"}


def test_a_goal_whose_test_fails_says_so():
    with pytest.raises(AttributeError, match="gama"): open_lab(simple, goals={"typo": lambda at: at.gama > 1}, x=(0.0, 1.0))
    with pytest.raises(TypeError, match="expected {text: test}"): open_lab(simple, goals=["big"], x=(0.0, 1.0))


# ---------------------------------------------------------------- training

class Steps:
    """A compute that yields when the test lets it: steps.go.set(), or at once."""

    def __init__(self, count=1000, pause=0.002):
        self.count, self.pause, self.go, self.closed, self.started = count, pause, threading.Event(), [], []
        self.go.set()

    def __call__(self, x):
        return self.run(x)

    def run(self, x):
        self.started.append(x)
        try:
            for k in range(self.count if x != 2 else 1):     # the opening, x = 2, is over at once
                self.go.wait()
                time.sleep(self.pause)
                yield dict(x=x, progress=(k + 1) / self.count)
        finally:
            self.closed.append(x)


def test_a_training_streams_shows_progress_and_is_done():
    seen = []
    def slowly(x):
        for k in range(4):
            seen.append(words(labs[-1].bar) if labs else "")
            yield dict(x=k, progress=(k + 1) / 4)
    lab = open_lab(slowly, x=(0, 9, 1))
    assert seen == ["running", "25 %", "50 %", "75 %"]
    assert words(lab.bar) == "done" and 'value="1.000"' in lab.bar.value and lab.stop.disabled and shown_by(lab)[1] == "x is 3"


def test_progress_is_not_drawn_and_the_yielded_dict_is_left_as_it_was():
    yielded = dict(x=1, progress=0.5)
    def strict(fig): return lambda x: f"x is {x}"
    live(lambda: (y for y in [yielded]), strict)
    assert yielded == dict(x=1, progress=0.5) and shown_by(labs[-1])[1] == "x is 1"


def test_stop_stops_between_yields_and_says_where():
    steps = Steps(count=200)
    lab = open_lab(steps, x=(0, 9, 2))
    lab.controls["x"].value = 5
    until(lambda: lab.progress >= 0.1 and steps.started == [2, 5])
    assert not lab.stop.disabled
    lab.stop.click()
    said, picture = words(lab.bar), lab.image.value
    lab.worker.join(10)
    assert re.fullmatch(r"stopped at \d\d %", said) and words(lab.bar) == said and lab.stop.disabled
    assert lab.image.value == picture and steps.closed == [2, 5]
    lab.reset.click()
    lab.worker.join(10)
    lab.stop.click()                                         # nothing runs: nothing changes
    assert words(lab.bar) == "done"


def test_a_training_restarts_on_the_newest_settings_and_skips_those_overtaken():
    steps = Steps(count=20)
    lab = open_lab(steps, x=(0, 9, 2))
    steps.go.clear()
    lab.controls["x"].value = 3
    until(lambda: 3 in steps.started)
    for x in (4, 5, 6): lab.controls["x"].value = x
    assert "running" in words(lab.bar) or "0 %" in words(lab.bar)
    steps.go.set()
    lab.worker.join(10)
    assert shown_by(lab)[1] == "x is 6" and words(lab.bar) == "done"
    until(lambda: steps.closed == [2, 3, 6])                 # 4 and 5 never started


@pytest.mark.parametrize("fails", [False, True])
def test_a_slower_older_move_never_overwrites_a_newer_one(fails):
    hold, entered = threading.Event(), threading.Event()
    def sometimes_slow(x):
        if x == 7.0:
            entered.set()
            hold.wait(10)
            if fails: raise ValueError("seven")
        return dict(x=x)
    lab = open_lab(sometimes_slow, goals={"seven": lambda at: at.x == 7}, x=(0.0, 10.0, 2.0))
    older = threading.Thread(target=lambda: setattr(lab.controls["x"], "value", 7.0))
    older.start()
    entered.wait(10)
    lab.controls["x"].value = 1.0                             # on another thread, as JupyterLab calls back
    hold.set()
    older.join(10)
    assert shown_by(lab)[1] == "x is 1" and not lab.found and lab.error is None


def test_two_threads_end_on_the_newest_settings():
    lab = open_lab(lambda x, y: dict(x=x + y), x=(0.0, 5.0, 2.0), y=(0.0, 5.0, 1.0))
    def wiggle(name):
        for value in np.linspace(0, 5, 15): lab.controls[name].value = float(value)
    threads = [threading.Thread(target=wiggle, args=(name,)) for name in "xy"]
    for t in threads: t.start()
    for t in threads: t.join(30)
    assert shown_by(lab)[1] == "x is 10" and lab.error is None


def test_an_error_in_a_training_is_said_and_the_next_run_recovers():
    def breaks(x):
        yield dict(x=x, progress=0.5)
        if x > 5: raise FloatingPointError("the loss is nan")
    lab = open_lab(breaks, x=(0, 9, 2))
    lab.controls["x"].value = 8
    lab.worker.join(10)
    assert words(lab.image) == "FloatingPointError: the loss is nan" and words(lab.bar) == "stopped at 50 %"
    lab.controls["x"].value = 4
    lab.worker.join(10)
    assert lab.error is None and shown_by(lab)[1] == "x is 4"


@pytest.mark.parametrize("then, said", [(0, "x is 0"), (9, "ValueError: 9 is refused")])
def test_a_training_followed_by_what_does_not_train_is_over(then, said):
    steps = Steps()
    def either(x):
        if x == 9: raise ValueError("9 is refused")
        return steps(x) if x else dict(x=0)
    lab = open_lab(either, x=(0, 9, 2))
    lab.controls["x"].value = 5
    until(lambda: 5 in steps.started and not lab.stop.disabled)
    lab.controls["x"].value = then
    lab.worker.join(10)
    assert lab.stop.disabled and words(lab.bar).startswith("stopped at") and said in (words(lab.image), shown_by(lab)[1])


def test_a_training_that_yields_nothing_says_so():
    with pytest.raises(ValueError, match="yielded nothing"): open_lab(lambda x: (y for y in ()), x=(0, 1))


def test_an_interrupted_first_run_leaves_a_usable_lab():
    def interrupted(x):
        for k in range(10):
            if x == 2 and k == 4: raise KeyboardInterrupt
            yield dict(x=x, progress=k / 10)
    with pytest.raises(KeyboardInterrupt): live(interrupted, dot, x=(0, 9, 2))
    lab = labs[-1]
    assert words(lab.bar) == "stopped at 30 %" and lab.stop.disabled
    lab.controls["x"].value = 5
    lab.worker.join(10)
    assert shown_by(lab)[1] == "x is 5" and words(lab.bar) == "done"


# ---------------------------------------------------------------- cells and records

class Shell:
    """A kernel that is told which cell runs, or not (Colab)."""
    def __init__(self, cell, run): self.parent = dict(metadata={"cellId": cell} if cell else {}, header={"msg_id": run})
    def get_parent(self): return self.parent


@pytest.mark.parametrize("cell", ["abc", None])
def test_a_cell_that_runs_again_closes_its_lab_and_ends_its_training(monkeypatch, cell):
    steps = Steps()
    runs = []
    for run in "12":
        monkeypatch.setattr(cells, "get_ipython", lambda: Shell(cell, run))
        runs.append(open_lab(steps, x=(0, 9, 2)))            # the same line: the same cell
        runs[-1].controls["x"].value = 5
        until(lambda: steps.started.count(5) == len(runs))
    old, new = runs
    old.worker.join(10)
    assert labs == [new] and not old.worker.is_alive() and new.worker.is_alive()
    assert old.box.comm is None and old.controls["x"].comm is not None
    started = len(steps.started)
    old.controls["x"].value = 7
    assert len(steps.started) == started


def test_two_labs_of_one_run_and_labs_of_other_cells_stay(monkeypatch):
    for cell, run in [("a", "1"), ("a", "1"), ("b", "2")]:
        monkeypatch.setattr(cells, "get_ipython", lambda: Shell(cell, run))
        open_lab(simple, x=(0.0, 1.0))
    assert len(labs) == 3


def test_live_displays_one_widget(displayed):
    lab = open_lab(simple, x=(0.0, 1.0))
    assert [what for what, _ in displayed] == [lab.box]


def test_a_record_is_a_picture_with_alt_text_and_its_goals_as_text(monkeypatch, displayed):
    monkeypatch.setenv("RECORD", "1")
    lab = goal_lab(size=(5, 3))
    (goals, _), (data, metadata) = displayed
    assert isinstance(goals, HTML) and "<li>x &lt;big&gt;</li>" in goals.data and "☐" not in goals.data
    assert data["text/plain"] == "x is 2" and metadata == {"image/png": dict(width=500, height=300, alt="x is 2")}
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))[..., :3]
    assert stored.shape == (600, 1000, 3)
    seen = shown_by(lab)[0]                                  # what moves is in it: compare with the picture on the screen
    still = Image.fromarray(stored).resize(seen.shape[1::-1])
    assert np.abs(np.asarray(still, float) - seen).mean() < 3


def test_a_record_of_a_training_is_its_last_picture(monkeypatch, displayed):
    monkeypatch.setenv("RECORD", "1")
    open_lab(Steps(count=3), x=(0, 9, 5))
    assert [data["text/plain"] for data, _ in displayed] == ["x is 5"]


@pytest.mark.parametrize("record", [False, True])
def test_show_is_one_picture_with_alt_text(monkeypatch, displayed, record):
    if record: monkeypatch.setenv("RECORD", "1")
    show(dot, size=(4, 3), x=3)
    (what, metadata), = displayed
    if record: assert metadata["image/png"] == dict(width=400, height=300, alt="x is 3")
    else: assert 'width="400" height="300"' in what.data and 'alt="x is 3"' in what.data
    assert not labs

"""A lab without a page: settings, numbers, goals, trainings, errors. What a view is told is noted."""
import subprocess
import sys
import threading
import time

import matplotlib
import numpy as np
import pytest

from helpers.labs.controls import again, control, log
from helpers.labs.lab import Lab
from helpers.labs.picture import Picture


def dot(fig):
    """The smallest figure: one line that moves."""
    line, = fig.subplots().plot([], [], "o-", animated=True)

    def draw(x, **others):
        line.set_data([0, x], [0, x])
        return f"x is {x:g}"
    return draw


def made(compute, goals=None, figure=dot, **controls):
    """A lab that has opened, and the list of what its view was told."""
    controls = {name: control(name, spec) for name, spec in controls.items()}
    lab = Lab(compute, figure, (4, 3), goals or {}, controls)
    lab.told = []
    lab.view = lab.told.append
    lab.open()
    return lab


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def simple(x):
    return dict(x=x)


# ---------------------------------------------------------------- picture, settings

def test_a_lab_knows_no_widgets():
    code = ("import helpers.labs.live, helpers.labs.lab, sys; "
            "print('ipywidgets' in sys.modules, 'IPython' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_a_move_changes_the_alt_text_and_tells_the_view():
    lab = made(simple, x=(0.0, 10.0, 2.0))
    before = lab.picture.alt
    lab.move(x=8.0)
    assert (before, lab.picture.alt) == ("x is 2", "x is 8") and lab.told == ["picture", "picture"]


@pytest.mark.parametrize("compute, draws, error, says", [
    (lambda x: None, dot, TypeError, "expected a dict"),
    (simple, lambda fig: lambda x: None, TypeError, "expected the alt text"),
    (simple, lambda fig: fig.text(0, 0, "a", animated=True), ValueError, "put it on axes"),
])
def test_a_figure_or_compute_that_breaks_its_contract_is_told(compute, draws, error, says):
    with pytest.raises(error, match=says):
        made(compute, figure=draws, x=(0.0, 1.0))


def test_the_learners_style_is_left_alone():
    before = dict(matplotlib.rcParams)
    made(simple, x=(0.0, 1.0)).move(x=0.5)
    assert dict(matplotlib.rcParams) == before


def test_what_moves_is_known_in_the_order_of_drawing():
    def layered(fig):
        front, back = fig.add_axes((0, 0, 1, 1), zorder=2), fig.add_axes((0, 0, 1, 1), zorder=1)
        for ax in (front, back):
            ax.plot([], [], animated=True, zorder=3), ax.text(0, 0, "", animated=True, zorder=1)
        return lambda: "words"
    picture = Picture(layered, (4, 3))
    assert [(a.axes.zorder, a.zorder) for a in picture.moving] == [(1, 1), (1, 3), (2, 1), (2, 3)]
    assert picture.css == (400, 300)


def test_settings_are_the_round_numbers_the_learner_sees():
    seen = []
    lab = made(lambda x: seen.append(x) or dict(x=x), x=(0.1, 5.0, 3.0))
    lab.move(x=2.900000000000001)                            # what a browser sends
    assert seen == [3.0, 2.9]


def test_reset_and_put_are_one_move_and_tell_the_controls():
    calls = []
    lab = made(lambda x, y: calls.append((x, y)) or dict(x=x), x=(0.0, 10.0, 2.0), y=[1, 2])
    lab.put(x=5.0, y=2)
    lab.reset()
    assert calls == [(2.0, 1), (5.0, 2), (2.0, 1)] and lab.picture.alt == "x is 2"
    assert lab.told == ["picture", "settings", "picture", "settings", "picture"]


# ---------------------------------------------------------------- errors

def fragile(x):
    if x > 5:
        raise ValueError("x > 5 & so on")
    return dict(x=x)


def test_an_error_is_kept_and_the_next_good_setting_recovers():
    lab = made(fragile, x=(0.0, 10.0, 2.0))
    lab.move(x=6.0)
    assert isinstance(lab.error, ValueError) and lab.told[-1] == "picture"
    lab.move(x=4.0)
    assert lab.error is None and lab.picture.alt == "x is 4"


def test_an_error_in_the_first_run_is_raised_and_the_lab_lives():
    lab = Lab(fragile, dot, (4, 3), {}, dict(x=control("x", (0.0, 10.0, 6.0))))
    with pytest.raises(ValueError, match="x > 5"):
        lab.open()
    lab.move(x=1.0)
    assert lab.picture.alt == "x is 1"


# ---------------------------------------------------------------- goals

def goal_lab():
    goals = {"x <big>": lambda at: at.x > 5, "twice x is 4": lambda at: at.twice == 4}
    return made(lambda x: dict(x=x, twice=2 * x), goals, x=(0.0, 10.0, 2.0))


def test_the_opening_meets_no_goal_and_neither_does_an_idle_reset():
    lab = goal_lab()
    lab.reset()
    assert not lab.found and "goals" not in lab.told


def test_a_goal_is_found_says_where_and_stays_found():
    lab = goal_lab()
    lab.move(x=7.0)
    lab.move(x=8.0)
    assert lab.found == {"x <big>": "x = 7"} and lab.told.count("goals") == 1
    lab.reset()                                              # the opening counts once the learner has left it
    assert lab.found == {"x <big>": "x = 7", "twice x is 4": "x = 2"}


def test_settings_are_told_as_the_learner_sees_them():
    lab = made(lambda on, kind, n, rate: dict(x=n), {"any": lambda at: True}, on=False,
               kind=[("plain", 0), ("batch", 1)], n=(1, 9), rate=log(1e-5, 1, 1e-4))
    lab.put(on=True, kind=1)
    assert lab.found == {"any": "on = on, kind = batch"}     # what stands as it opened goes without saying


def test_a_goal_met_as_it_opened_tells_all_settings():
    lab = made(lambda n, rate: dict(x=n), {"n is 1": lambda at: at.n == 1}, n=(1, 9), rate=log(1e-5, 1, 1e-4))
    lab.put(n=2)
    lab.reset()
    assert lab.found == {"n is 1": "n = 1, rate = 0.0001"}


def test_a_goal_of_a_training_is_judged_at_its_end():
    def climb(start):
        for k in range(4):
            yield dict(x=start + k, progress=k / 3)
    lab = made(climb, {"passes 6": lambda at: at.x == 6, "ends at 8": lambda at: at.x == 8}, start=(0, 9, 1))
    lab.move(start=5)
    lab.worker.join()
    assert lab.found == {"ends at 8": "start = 5"}


def test_a_goal_whose_test_fails_says_so():
    with pytest.raises(AttributeError, match="gama"):
        made(simple, {"typo": lambda at: at.gama > 1}, x=(0.0, 1.0))
    with pytest.raises(TypeError, match="expected {text: test}"):
        made(simple, ["big"], x=(0.0, 1.0))


def test_a_setting_is_not_hidden_by_a_number_of_its_name():
    goals = {"batch": lambda at: at.norm == "batch"}
    lab = made(lambda norm: dict(x=1, norm=norm == "batch"), goals, norm=["none", "batch"])
    lab.move(norm="batch")
    assert lab.found == {"batch": "norm = batch"}


def test_a_goal_of_a_count_is_found_where_it_stands():
    lab = made(lambda draw: dict(x=draw), {"the third": lambda at: at.draw == 3}, draw=again("Resample", 3))
    lab.move(draw=3)
    assert lab.found == {"the third": "draw = 3"}


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


def test_a_training_streams_says_how_far_it_is_and_is_done():
    seen = []

    def slowly(x):
        for k in range(4):
            seen.append((lab.run, lab.progress))
            yield dict(x=k, progress=(k + 1) / 4)
    lab = Lab(slowly, dot, (4, 3), {}, dict(x=control("x", (0, 9, 1))))
    assert lab.trains and lab.run == ""
    lab.open()
    assert seen == [("running", None), ("running", 0.25), ("running", 0.5), ("running", 0.75)]
    assert lab.run == "done" and lab.picture.alt == "x is 3"


def test_progress_is_not_drawn_and_the_yielded_dict_is_left_as_it_was():
    yielded = dict(x=1, progress=0.5)

    def strict(fig):
        return lambda x: f"x is {x}"
    lab = made(lambda: (y for y in [yielded]), figure=strict)
    assert yielded == dict(x=1, progress=0.5) and lab.picture.alt == "x is 1"


def test_stop_stops_between_yields():
    steps = Steps(count=200)
    lab = made(steps, x=(0, 9, 2))
    lab.move(x=5)
    until(lambda: lab.progress >= 0.1 and steps.started == [2, 5])
    lab.stop()
    at, alt = lab.progress, lab.picture.alt
    lab.worker.join(10)
    assert (lab.run, lab.progress, lab.picture.alt) == ("stopped", at, alt) and steps.closed == [2, 5]
    lab.reset()
    lab.worker.join(10)
    lab.stop()                                               # nothing runs: nothing changes
    assert lab.run == "done"


def test_a_training_restarts_on_the_newest_settings_and_skips_those_overtaken():
    steps = Steps(count=20)
    lab = made(steps, x=(0, 9, 2))
    steps.go.clear()
    lab.move(x=3)
    until(lambda: 3 in steps.started)
    for x in (4, 5, 6):
        lab.move(x=x)
    assert lab.run == "running"
    steps.go.set()
    lab.worker.join(10)
    assert lab.picture.alt == "x is 6" and lab.run == "done"
    until(lambda: steps.closed == [2, 3, 6])                 # 4 and 5 never started


@pytest.mark.parametrize("fails", [False, True])
def test_a_slower_older_move_never_overwrites_a_newer_one(fails):
    hold, entered = threading.Event(), threading.Event()

    def sometimes_slow(x):
        if x == 7.0:
            entered.set()
            hold.wait(10)
            if fails:
                raise ValueError("seven")
        return dict(x=x)
    lab = made(sometimes_slow, {"seven": lambda at: at.x == 7}, x=(0.0, 10.0, 2.0))
    older = threading.Thread(target=lambda: lab.move(x=7.0))
    older.start()
    entered.wait(10)
    lab.move(x=1.0)                                          # on another thread, as JupyterLab calls back
    hold.set()
    older.join(10)
    assert lab.picture.alt == "x is 1" and not lab.found and lab.error is None


def test_two_threads_end_on_the_newest_settings():
    lab = made(lambda x, y: dict(x=x + y), x=(0.0, 5.0, 2.0), y=(0.0, 5.0, 1.0))

    def wiggle(name):
        for value in np.linspace(0, 5, 15):
            lab.move(**{name: float(value)})
    threads = [threading.Thread(target=wiggle, args=(name,)) for name in "xy"]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert lab.picture.alt == "x is 10" and lab.error is None


def test_an_error_in_a_training_is_kept_and_the_next_run_recovers():
    def breaks(x):
        yield dict(x=x, progress=0.5)
        if x > 5:
            raise FloatingPointError("the loss is nan")
    lab = made(breaks, x=(0, 9, 2))
    lab.move(x=8)
    lab.worker.join(10)
    assert str(lab.error) == "the loss is nan" and (lab.run, lab.progress) == ("stopped", 0.5)
    lab.move(x=4)
    lab.worker.join(10)
    assert lab.error is None and lab.picture.alt == "x is 4"


@pytest.mark.parametrize("then", [0, 9])
def test_a_training_followed_by_what_does_not_train_is_over(then):
    steps = Steps()

    def either(x):
        if x == 9:
            raise ValueError("9 is refused")
        return steps(x) if x else dict(x=0)
    lab = made(either, x=(0, 9, 2))
    assert not lab.trains                                    # as far as can be told before it runs
    lab.move(x=5)
    until(lambda: 5 in steps.started and lab.run == "running")
    lab.move(x=then)
    lab.worker.join(10)
    assert lab.run == "stopped"
    assert lab.picture.alt == "x is 0" if then == 0 else str(lab.error) == "9 is refused"


def test_a_training_that_yields_nothing_says_so():
    with pytest.raises(ValueError, match="yielded nothing"):
        made(lambda x: (y for y in ()), x=(0, 1))


def test_an_interrupted_first_run_leaves_a_usable_lab():
    def interrupted(x):
        for k in range(10):
            if x == 2 and k == 4:
                raise KeyboardInterrupt
            yield dict(x=x, progress=k / 10)
    lab = Lab(interrupted, dot, (4, 3), {}, dict(x=control("x", (0, 9, 2))))
    with pytest.raises(KeyboardInterrupt):
        lab.open()
    assert (lab.run, lab.progress) == ("stopped", 0.3)
    lab.move(x=5)
    lab.worker.join(10)
    assert lab.picture.alt == "x is 5" and lab.run == "done"

"""Every lab driven through its settings, with the cells it needs and no others."""
import random
import time

import nbformat
import pytest
from faults import faults as of_picture
from faults import moved_background

from helpers import live, pages
from helpers.pages.screen import Screen
from web.cells import CORE, DEEPER, code_cells, for_labs, label, labs
from web.places import PLACES
from web.running import execute
from web.states import ends, goals_met

PICTURES = 4            # of a training at a setting: the first, and three that differ in what was learned
PATIENCE = 60           # seconds, on a busy machine


class Looking:
    """A page that draws each lab on a screen and looks at each picture; it shows nothing."""

    def __init__(self, look=of_picture):
        self.look, self.labs = look, []

    def lab(self, lab, place=None):
        self.labs.append(Seen(lab, self.look))
        lab.open()

    def still(self, picture): pass
    def question(self, question): pass
    def hints(self, folds): pass


class Seen:
    """A lab on a screen. pictures: how many it drew at this setting; found: the faults of all of them."""

    def __init__(self, lab, look):
        self.lab, self.look, self.screen = lab, look, Screen(lab.picture)
        self.pictures, self.found = 0, []
        lab.view = self.changed

    def changed(self, what):
        if what == "picture" and not self.lab.error:
            self.screen.draw()
            self.pictures += 1
            self.found += self.look(self.lab.picture)

    def put(self, settings):
        """Each must draw, without an error or a fault, and say something; a training must stop when asked."""
        lab = self.lab
        lab.picture.alt, self.pictures = "", 0
        lab.put(**settings)
        if lab.worker:
            self.train()
        assert lab.error is None, f"{settings}: {lab.error!r}"
        assert lab.picture.alt.strip(), f"{settings}: no alt text, so nothing was drawn"
        assert not self.found, f"{settings}: {self.found}"

    def train(self):
        """Let it draw a few pictures, if it has as many, and stop it."""
        end = time.monotonic() + PATIENCE
        while self.lab.worker.is_alive() and self.pictures < PICTURES and time.monotonic() < end:
            self.lab.worker.join(0.01)
        self.lab.halt()
        self.lab.worker.join(PATIENCE)
        assert not self.lab.worker.is_alive(), "the training does not stop when asked"


def settings(lab, draw):
    """Each control at each of its ends, the others as they start; then twenty at random; none twice."""
    found = [{**lab.start, name: value} for name, one in lab.controls.items() for value in ends(one)]
    for _ in range(20):
        found.append({name: draw.choice(control.stops) for name, control in lab.controls.items()})
    return [chosen for k, chosen in enumerate(found) if chosen not in found[:k]]


def drive(seen, seed=0):
    assert not seen.found, f"as it opens: {seen.found}"
    for chosen in settings(seen.lab, random.Random(seed)):
        seen.put(chosen)


def unreached(lab, known=()):
    """The goals that no setting of the controls meets; the opening counts, as one may come back to it."""
    met = goals_met(lab, known)
    return [text for text in lab.goals if text not in met]


@pytest.fixture
def page(monkeypatch):
    """What labs are shown on."""
    page = Looking()
    monkeypatch.setattr(pages, "in_force", page)
    return page


@pytest.mark.parametrize("path", [*CORE, *DEEPER], ids=label)
def test_labs_draw_at_every_setting(path, page, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    if path in CORE:
        assert labs(notebook), "a core has a lab"
    monkeypatch.chdir(path.parent)                            # and back to where tests are
    execute(code_cells(for_labs(notebook)), path, [])
    assert len(page.labs) == len(labs(notebook))
    for seen in page.labs:
        drive(seen)
        assert not moved_background(seen.screen), "draw changed an artist that is not animated"
        out_of_reach = unreached(seen.lab, PLACES.get(path.stem[:2], ()))
        assert not out_of_reach, "no setting of the controls meets these goals"


# ---- the driving itself

def title(fig):
    """The smallest figure: one word that moves."""
    word = fig.add_subplot().text(0.5, 0.5, "", animated=True)

    def draw(value):
        word.set_text(f"{value}")
        return f"The value is {value}."
    return draw


def at_most(limit):
    def compute(value, twice):
        if value > limit:
            raise ValueError(f"{value} is too much")
        return dict(value=value)
    return compute


def training_to(limit):
    def compute(value, twice):
        yield dict(value=0)
        if value > limit:
            raise ValueError(f"{value} is too much")
        yield dict(value=value)
    return compute


@pytest.mark.parametrize("kind", [at_most, training_to])
def test_driving_finds_a_setting_that_fails(kind, page):
    page.look = lambda picture: []
    for limit in (1.0, 0.99):
        live(kind(limit), title, value=(0.0, 1.0), twice=False)
    good, bad = page.labs
    drive(good)
    with pytest.raises(AssertionError, match="too much"):
        drive(bad)


def test_driving_finds_a_lab_that_says_nothing(page):
    page.look = lambda picture: []
    live(lambda value: dict(value=value), lambda fig: lambda value: " ", value=(0, 1))
    with pytest.raises(AssertionError, match="no alt text"):
        drive(page.labs[0])


def test_driving_finds_a_fault_of_the_picture(page):
    live(lambda value: dict(value=value), title, value=(0, 1))
    with pytest.raises(AssertionError, match="too little"):
        drive(page.labs[0])


def test_driving_finds_a_fault_in_a_later_picture_of_a_training(page):
    page.look = lambda picture: ["three"] if "3" in picture.alt else []

    def train(value):
        for step in range(2 if value == 0 else 9):
            yield dict(value=step)
    live(train, title, value=(0, 1))
    with pytest.raises(AssertionError, match="three"):
        drive(page.labs[0])


def test_driving_finds_a_training_that_does_not_stop(page, monkeypatch):
    monkeypatch.setattr("test_labs.PATIENCE", 0.1)
    page.look = lambda picture: []

    def train(value):
        yield dict(value=0)
        time.sleep(value)
        yield dict(value=1)
    live(train, title, value=(0, 1))
    with pytest.raises(AssertionError, match="does not stop"):
        drive(page.labs[0])


def test_a_goal_between_two_stops_is_found_out_of_reach(page):
    page.look = lambda picture: []
    goals = {"on a stop": lambda at: at.value == 0.5, "between": lambda at: 0.5 < at.value < 0.51,
             "both": lambda at: at.value == 1 and at.on, "the number": lambda at: at.twice == 0.3}
    live(lambda value, on: dict(value=value, twice=2 * value), lambda fig: lambda **numbers: "0", goals=goals,
         value=(0.0, 1.0), on=False)
    assert unreached(page.labs[0].lab) == ["between"]

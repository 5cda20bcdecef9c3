"""Where labs, pictures, questions and hints go: widgets beside a kernel, a stored notebook, or another page.

A page has four methods: lab(lab, place) shows a helpers.labs.lab.Lab and opens it, place standing for its
cell where the front end does not tell it; still(picture) one helpers.labs.picture.Picture;
question(question) a helpers.checks.predict.Question; hints(folds) what is read only when asked for,
[(summary, words, code)], each inside the one before.
"""
import os

in_force = None


def current():
    """The page chosen by `use`; else the stored one with RECORD=1, or widgets; asked at each call."""
    if in_force:
        return in_force
    if os.environ.get("RECORD"):
        from .stored import Stored
        return Stored()
    from .widgets import Widgets
    return Widgets()


def use(page):
    """Show everything on this page from now on; None takes that back."""
    global in_force
    in_force = page

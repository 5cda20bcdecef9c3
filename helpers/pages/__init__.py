"""Where labs, pictures, questions and hints go. One page is in force: widgets beside a kernel, a stored notebook, or another.

A page has four methods: lab(lab, place) shows a helpers.labs.lab.Lab and starts it, place standing for its cell where the
front end does not tell it; still(picture) one helpers.labs.picture.Picture; question(question) a
helpers.checks.predict.Question; hints(folds) what is read only when asked for, [(summary, words, code)], each inside the
one before. A page knows nothing of what computes, and draws only what it is handed.
"""
import os

in_force = None


def current():
    """The page that was chosen by `use`; else the stored one with RECORD=1, or widgets. Asked at each call, never at import."""
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

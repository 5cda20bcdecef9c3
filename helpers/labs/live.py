"""Sliders -> numbers -> picture, within a blink: live(compute, figure, p=(0.0, 0.9)); show(figure, h=h)."""
import sys

from .. import pages
from .controls import control


def live(compute, figure, /, size=(6.8, 3.8), goals=None, **controls):
    """Show a lab: controls, and the picture of what compute makes of them.

    compute(**settings): returns the numbers to draw as a dict, or yields such dicts while it trains; a
        yielded dict may hold "progress", 0 to 1, which is shown as a bar and not drawn.
    figure(fig): returns draw(**numbers), which returns the alt text. size: inches; one is 100 CSS pixels.
    goals: {text: test}, what the learner is to find. test(at) gets settings and numbers as attributes and
        says whether it is found. Judged from the learner's first move on, and of a training run at its end;
        what was found stays ticked.
    controls: name=(low, high[, start]) for a slider, log(low, high, start), True/False for a checkbox,
        [a, b, ...] or one_of([a, b, ...], start) for buttons, again(words, most) for a button that counts.
        Names shown are the settings' own; `size` and `goals` are taken.
    Raises TypeError or ValueError for a control it cannot make, and whatever the first run raises.
    """
    from .lab import Lab  # matplotlib loads with the first picture, not before

    made = {name: control(name, spec) for name, spec in controls.items()}
    lab = Lab(compute, figure, size, goals or {}, made)
    caller = sys._getframe(1)
    pages.current().lab(lab, place=(caller.f_code.co_filename, caller.f_lineno))


def show(figure, /, size=(6.8, 3.8), **numbers):
    """Display one picture of the numbers, live and stored alike. figure and size as in `live`."""
    from .picture import Picture

    picture = Picture(figure, size)
    picture.put(numbers)
    pages.current().still(picture)

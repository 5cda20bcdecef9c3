"""What a reader would hold against a picture.

Words cut off, too small or on other words, a background that moves, alt text that says nothing.
"""
import numpy as np
from matplotlib.text import Text

from helpers.labs.picture import Picture
from helpers.pages.screen import Screen

SMALLEST = 9.5          # points
ALT = 40                # characters


def seen(figure, numbers, size=(6.8, 3.8)):
    """The screen of a figure with these numbers."""
    screen = Screen(Picture(figure, size))
    screen.picture.put(numbers)
    screen.draw()
    return screen


def faults(picture):
    """Faults of what a helpers.labs.picture.Picture shows now, in words."""
    found, spots = [], []
    page = picture.fig.bbox
    for text in texts(picture.fig):
        box, words = text.get_window_extent(), text.get_text()
        if box.x0 < 0 or box.y0 < 0 or box.x1 > page.x1 or box.y1 > page.y1:
            found.append(f"cut off: {words!r}")
        if text.get_size() < SMALLEST:
            found.append(f"smaller than {SMALLEST} pt: {words!r}")
        if text.get_rotation() % 90:                            # the box of slanted words says little
            continue
        found += [f"{words!r} lies on {other!r}" for at, other in spots if box.padded(-1.5).overlaps(at)]
        spots.append((box, words))
    if len(picture.alt) < ALT or not any(c.isdigit() for c in picture.alt):
        found.append(f"alt text says too little: {picture.alt!r}")
    return found


def texts(fig):
    """The words in sight: of the axes themselves, their labels and their ticks."""
    for ax in fig.axes:
        if not ax.get_visible():
            continue
        mine = [child for child in ax.get_children() if isinstance(child, Text)]
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            low, high = sorted(axis.get_view_interval())
            mine += [axis.label]
            mine += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        yield from (text for text in mine if text.get_text().strip() and text.get_visible())


def moved_background(screen):
    """Whether draw changed an artist that is not animated: it would show only when all is drawn anew."""
    before = np.asarray(screen.background).copy()
    with screen.picture.styled():
        screen.canvas.draw()
        now = np.asarray(screen.canvas.copy_from_bbox(screen.picture.fig.bbox))
    return bool((now != before).any())

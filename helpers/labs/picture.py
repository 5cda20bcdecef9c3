"""A figure that is kept: what moves is moved, all else is drawn once. No canvas: who shows it brings one."""
import pathlib
import threading
from contextlib import contextmanager

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 100  # a pixel of the picture is one of the page
FILE = pathlib.Path(__file__).parents[1] / "figures" / "style.mplstyle"
STYLE = matplotlib.rc_params_from_file(FILE, use_default_template=False)
LOCK = threading.RLock()  # one for all labs: matplotlib's settings are global


class Picture:
    """figure(fig) draws what never changes; it returns draw(**numbers), which moves what is animated.

    size: inches; one inch is 100 CSS pixels. alt: what draw said of the numbers, for those who do not see it.
    moving: the animated artists, in the order in which a full draw meets them.
    Raises ValueError for an animated artist on the figure itself, where saving leaves it out.
    """

    def __init__(self, figure, size):
        with self.styled():
            self.fig = Figure(figsize=size, dpi=DPI)
            self.draw = figure(self.fig)
        if any(artist.get_animated() for artist in self.fig.get_children()):
            raise ValueError("an animated artist lies on the figure, where saving omits it: put it on axes")
        layers = sorted(self.fig.findobj(Axes), key=lambda ax: ax.zorder)
        artists = [a for ax in layers for a in sorted(ax.get_children(), key=lambda a: a.zorder)]
        self.moving, self.alt = [a for a in artists if a.get_animated()], ""

    def put(self, numbers):
        """Move the artists to the numbers. Raises TypeError for what is no dict, or without alt text."""
        if not isinstance(numbers, dict):
            raise TypeError(f"compute gave {type(numbers).__name__}: expected a dict of the numbers to draw")
        with self.styled():
            alt = self.draw(**numbers)
        if not isinstance(alt, str):
            raise TypeError(f"draw returned {type(alt).__name__}: expected the alt text")
        self.alt = alt

    @staticmethod
    @contextmanager
    def styled():
        """Pictures are made and drawn inside: one thread at a time, in the style of the set."""
        with LOCK, matplotlib.rc_context(STYLE):
            yield

    @property
    def css(self):
        """Width and height on the page, in CSS pixels."""
        return tuple(round(inches * 100) for inches in self.fig.get_size_inches())

"""Axes, ticks and keys, and the few artists that most pictures are made of."""
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .words import short


def diagram(ax, xlim=(0, 1), ylim=(0, 1), aspect="auto"):
    """Axes for a drawing rather than a graph: no frame, no ticks."""
    ax.set_axis_off()
    ax.set(xlim=xlim, ylim=ylim, aspect=aspect)
    return ax


def ticks(axis, places, form=short):
    """Ticks at these places and no others, on any scale."""
    axis.set(major_locator=FixedLocator(places), minor_locator=NullLocator(),
             major_formatter=FuncFormatter(lambda value, _: form(value)))


def moving(ax, **look):
    """A line or its dots, which draw moves."""
    return ax.plot([], [], animated=True, **look)[0]


def area(ax, color, alpha=0.16):
    """An area, which draw moves by set_data(x, low, high)."""
    return ax.fill_between([], [], [], color=color, alpha=alpha, lw=0, animated=True)


def inside(ax, x, y, words="", **look):
    """Words at shares of the panel's width and height."""
    return ax.text(x, y, words, transform=ax.transAxes, **look)


def beside(ax, x, y, words="", va="center", **look):
    """Words at a share of the panel's width, and at the height of a value."""
    return ax.text(x, y, words, va=va, transform=ax.get_yaxis_transform(), **look)


def key(ax, x, name, role):
    """What one look of line stands for: above the panel, from this share of its width."""
    ax.plot([x, x + 0.055], [1.065, 1.065], transform=ax.transAxes, clip_on=False, lw=2.2, **role.line)
    inside(ax, x + 0.065, 1.065, name, **role.bold, size=10, va="center")


def keys(fig, kinds, y, step=0.24, left=0.0):
    """What each look stands for, in a row at height y of the figure."""
    row = diagram(fig.add_axes((0.085, y - 0.03, 0.9, 0.06)))
    for k, (name, role) in enumerate(kinds):
        x = left + step * k
        row.plot([x, x + 0.045], [0.5, 0.5], lw=2.2, **role.line)
        row.plot([x + 0.0225], [0.5], ms=6, **role.dots)
        row.text(x + 0.055, 0.5, name, **role.bold, size=10, va="center")

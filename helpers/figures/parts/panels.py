"""Panels of experiments: every seed a dot, mean and spread as a band."""
import numpy as np

from ..roles import FAINT, NOTE
from .axes import area, beside, key, moving, ticks
from .numbers import array
from .words import headline, plural, short


def band(ax, role):
    """One kind of net over the seeds: dots, mean and band (± one standard deviation).

    Returns paint(x (R,), values (R, K))."""
    spread = area(ax, role.color)
    dots, line = moving(ax, **role.rings, ms=3.5, alpha=0.5), moving(ax, lw=2.2, **role.line)

    def paint(x, values):
        mean, sd = values.mean(1), values.std(1, ddof=1)
        spread.set_data(x, mean - sd, mean + sd)
        dots.set_data(np.repeat(x, values.shape[1]), values.ravel())
        line.set_data(x, mean)
    return paint


def sweep(fig, xlabel, places, limits, kinds, draw=band, drawn=" as dots; line, band: mean ± sd"):
    """Accuracy against x, on a logarithmic axis. Returns tell(finding, x, found) and paint(x, *values).

    draw(ax, role) -> paint(x, values) draws one kind of net, and `drawn` says how to read that."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.8, 0.6))
    ax.set(xscale="log", xlim=limits, xlabel=f"{xlabel} (log scale)",
           ylim=(0, 1), ylabel="accuracy on new images", yticks=[0, 0.25, 0.5, 0.75, 1])
    ticks(ax.xaxis, places)
    ax.axhline(0.1, color=FAINT, lw=1.2, zorder=0)
    beside(ax, 1.01, 0.1, "guessing", **NOTE)
    paints = [named(ax, i, *kind, draw) for i, kind in enumerate(kinds)]

    def paint(x, *values):
        values = [array(v) for v in values]
        for one, v in zip(paints, values):
            one(array(x), v)
        return values

    def tell(finding, x, found):
        lost = "; at 0: overflow" if min(values.min() for values in found) == 0 else ""
        say(finding, f"{plural(found[0].shape[1], 'seed')} each{drawn}{lost}")
        rows = "; ".join(f"{name}: {means(x, values)}" for (name, _), values in zip(kinds, found))
        return f"{finding}. Mean accuracy by {xlabel}: {rows}."
    return tell, paint


def named(ax, place, name, role, draw):
    """A kind of net with its name above the panel."""
    key(ax, 0.37 * place, name, role)
    return draw(ax, role)


def means(x, values):
    """The mean of the seeds at each x in words, values (R, K): 0.95 at 0.1, 0.9 at 1."""
    return ", ".join(f"{v:.2f} at {short(at)}" for at, v in zip(array(x), values.mean(1)))


def errors(ax, kinds, places, limits, title, xlabel, top=0.8):
    """One panel of errors against something counted. Returns paint(x (R,), values (kinds, R, K))."""
    ax.set(xscale="log", xlim=limits, ylim=(0, top), xlabel=xlabel, yticks=np.arange(0, top + 0.01, 0.2))
    ticks(ax.xaxis, places, "{:,.0f}".format)
    ax.set_title(title, weight="bold", size=10)
    ax.grid(axis="y")
    drawn = [band(ax, role) for _, role in kinds]

    def paint(x, values):
        for one, rows in zip(drawn, values):
            one(x, rows)
    return paint

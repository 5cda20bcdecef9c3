"""Axes for drawings, and panels of experiments: every seed a dot, mean and spread as a band."""
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..roles import FAINT, QUIET
from .numbers import array
from .words import headline, plural, short


def diagram(ax, xlim, ylim, aspect="auto"):
    """Axes for a drawing rather than a graph: no frame, no ticks."""
    ax.set_axis_off()
    ax.set(xlim=xlim, ylim=ylim, aspect=aspect)
    return ax


def band(ax, role):
    """One kind of net over the seeds: dots, mean and band (± one standard deviation). Returns paint(x (R,), values (R, K))."""
    area = ax.fill_between([], [], [], color=role.color, alpha=0.16, lw=0, animated=True)
    dots, = ax.plot([], [], **{**role.dots, "mfc": "none"}, ms=3.5, alpha=0.5, animated=True)
    line, = ax.plot([], [], lw=2.2, animated=True, **role.line)

    def paint(x, values):
        mean, sd = values.mean(1), values.std(1, ddof=1)
        area.set_data(x, mean - sd, mean + sd)
        dots.set_data(np.repeat(x, values.shape[1]), values.ravel())
        line.set_data(x, mean)
    return paint


def sweep(fig, xlabel, ticks, limits, kinds):
    """A panel with a logarithmic x axis and accuracy upwards. Returns tell(finding, x, found) and paint(x, *values)."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.8, 0.6))
    ax.set(xscale="log", xlim=limits, ylim=(0, 1), xlabel=f"{xlabel} (log scale)", ylabel="accuracy on new images", yticks=[0, 0.25, 0.5, 0.75, 1])
    ax.xaxis.set(major_locator=FixedLocator(ticks), minor_locator=NullLocator(), major_formatter=FuncFormatter(lambda v, _: short(v)))
    ax.axhline(0.1, color=FAINT, lw=1.2, zorder=0)
    ax.text(1.01, 0.1, "guessing", va="center", transform=ax.get_yaxis_transform(), color=QUIET, size=9.5)
    paints = [named(ax, i, name, role) for i, (name, role) in enumerate(kinds)]

    def paint(x, *values):
        values = [array(v) for v in values]
        for one, v in zip(paints, values): one(array(x), v)
        return values

    def tell(finding, x, found):
        lost = "; at 0: overflow" if min(values.min() for values in found) == 0 else ""
        say(finding, f"{plural(found[0].shape[1], 'seed')} each as dots; line, band: mean ± sd{lost}")
        rows = "; ".join(f"{name}: " + ", ".join(f"{v:.2f} at {short(at)}" for at, v in zip(array(x), values.mean(1)))
                         for (name, _), values in zip(kinds, found))
        return f"{finding}. Mean accuracy by {xlabel}: {rows}."
    return tell, paint


def named(ax, place, name, role):
    """One kind of net: its name above the panel, its dots, mean and band. Returns paint(x (R,), values (R, K))."""
    at = 0.37 * place
    ax.plot([at, at + 0.055], [1.065, 1.065], transform=ax.transAxes, clip_on=False, lw=2.2, **role.line)
    ax.text(at + 0.065, 1.065, name, color=role.ink, weight="bold", size=10, va="center", transform=ax.transAxes)
    return band(ax, role)


def errors(ax, kinds, ticks, limits, title, xlabel, top=0.8):
    """One panel of errors against something counted. Returns paint(x (R,), values (kinds, R, K))."""
    ax.set(xscale="log", xlim=limits, ylim=(0, top), xlabel=xlabel, yticks=np.arange(0, top + 0.01, 0.2))
    ax.xaxis.set(major_locator=FixedLocator(ticks), minor_locator=NullLocator(), major_formatter=FuncFormatter(lambda v, _: f"{v:,.0f}"))
    ax.set_title(title, weight="bold", size=10)
    ax.grid(axis="y")
    drawn = [band(ax, role) for _, role in kinds]

    def paint(x, values):
        for one, rows in zip(drawn, values): one(x, rows)
    return paint


def keys(fig, kinds, y, step=0.24, left=0.0):
    """What each look stands for, in a row at height y of the figure."""
    row = diagram(fig.add_axes((0.085, y - 0.03, 0.9, 0.06)), (0, 1), (0, 1))
    for k, (name, role) in enumerate(kinds):
        x = left + step * k
        row.plot([x, x + 0.045], [0.5, 0.5], lw=2.2, **role.line)
        row.plot([x + 0.0225], [0.5], ms=6, **role.dots)
        row.text(x + 0.055, 0.5, name, color=role.ink, weight="bold", size=10, va="center")

"""Pictures of distributions: what BatchNorm does to the shape of one unit's values (notebook 02)."""
import numpy as np

from .parts import array, headline, inside, plural, short
from .roles import QUIET, normalized, raw


def shapes(fig):
    """Three units before (above) and after (below) BatchNorm: moved and rescaled, the shape is the same.

    draw(h, h_hat, names): h and h_hat (N, 3); names three strings. Each panel spans mean ± 4 sd of its own
    values, so that equal shapes look equal; the numbers below are round ones."""
    say = headline(fig)
    axes = fig.subplots(2, 3, gridspec_kw=dict(left=0.09, right=0.98, bottom=0.09, top=0.72,
                                               wspace=0.12, hspace=0.45))
    kinds = ("raw h", raw), ("normalized ĥ", normalized)
    for row, (words, role) in zip(axes, kinds):
        row[0].set_ylabel(words, **role.bold)
    paints = [histogram(ax, role, most) for row, (_, role), most in zip(axes, kinds, (4, 0)) for ax in row]
    titles = [inside(ax, 0, 1.12, size=10, animated=True) for ax in axes[0]]

    def draw(h, h_hat, names):
        h, h_hat = array(h).T, array(h_hat).T  # (3, N)
        for paint, values in zip(paints, [*h, *h_hat]):
            paint(values)
        for title, name in zip(titles, names):
            title.set_text(name)
        finding = "Mean and spread change, the shape does not"
        figures = f"how often each value occurs among {plural(h.shape[1], 'sample')} of three units"
        say(finding, figures)
        ranges = (f"{name}: raw {ends(a)}, normalized {ends(b)}" for name, a, b in zip(names, h, h_hat))
        return f"{finding}: {figures}. {'; '.join(ranges)}."
    return draw


def ends(values):
    return f"{short(values.min())} to {short(values.max())}"


def histogram(ax, role, most, bins=41):
    """Bars over mean ± 4 sd, relative to the tallest, with at most so many round numbers below; if that is 0,
    with −3, 0 and 3."""
    ax.set(xlim=(-4, 4), ylim=(0, 1.08), xticks=[], yticks=[])
    ax.spines["left"].set_visible(False)
    edges = np.linspace(-4, 4, bins + 1)
    bars = ax.stairs(np.zeros(bins), edges, fill=True, color=role.color, animated=True)
    look = dict(ha="center", va="top", size=9.5, color=role.ink, animated=True)
    marks = [ax.text(0, -0.1, "", **look) for _ in range(most or 3)]
    sums = inside(ax, 1, 1, ha="right", va="top", size=9.5, color=role.ink, animated=True)
    stems = ax.plot([], [], ls="", marker=3, ms=4, color=QUIET, clip_on=False, animated=True)[0]

    def paint(values):
        mean, sd = values.mean(), values.std() or 1.0
        counts = np.histogram((values - mean) / sd, edges)[0]
        bars.set_data(counts / max(counts.max(), 1))
        sums.set_text(f"mean {short(round(mean, 2), 2)}\nsd {short(round(sd, 2), 2)}")
        numbers = round_numbers(mean - 3.2 * sd, mean + 3.2 * sd, most) if most else np.array([-3, 0, 3])
        stems.set_data((numbers - mean) / sd, np.zeros(len(numbers)))
        for k, mark in enumerate(marks):
            shown = k < len(numbers)
            mark.set(text=short(numbers[k]) if shown else "", x=(numbers[k] - mean) / sd if shown else 0)
    return paint


def round_numbers(low, high, most, room=18):
    """Multiples of 1, 2 or 5 times a power of ten within these limits, as many as there is room for."""
    power = 10.0 ** np.floor(np.log10((high - low) / most))
    for step in power * np.array([1, 2, 5, 10, 20, 50]):
        found = step * np.arange(np.ceil(low / step), np.floor(high / step) + 1)
        longest = max([len(short(number)) for number in found], default=0)
        if len(found) <= most and len(found) * longest <= room:
            break
    return found

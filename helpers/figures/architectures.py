"""Pictures of distributions: what BatchNorm does to the shape of one unit's values (notebook 02)."""
import numpy as np

from .parts import array, headline, inside, plural, short
from .roles import FAINT, normalized, raw


def shapes(fig):
    """Three units before (above) and after (below) BatchNorm: moved and rescaled, the shape is the same.

    draw(h, h_hat, names): h and h_hat (N, 3); names three strings. Each panel spans mean ± 4 sd of its own
    values, so that equal shapes look equal."""
    say = headline(fig)
    axes = fig.subplots(2, 3, gridspec_kw=dict(left=0.07, right=0.98, bottom=0.1, top=0.72,
                                               wspace=0.12, hspace=0.55))
    kinds = ("raw h", raw), ("normalized ĥ", normalized)
    for row, (words, role) in zip(axes, kinds):
        row[0].set_ylabel(words, **role.bold)
    paints = [histogram(ax, role) for row, (_, role) in zip(axes, kinds) for ax in row]
    titles = [inside(ax, 0, 1.12, size=10, animated=True) for ax in axes[0]]

    def draw(h, h_hat, names):
        h, h_hat = array(h).T, array(h_hat).T  # (3, N)
        for paint, values in zip(paints, [*h, *h_hat]):
            paint(values)
        for title, name in zip(titles, names):
            title.set_text(name)
        finding = "Mean and spread change, the shape does not"
        figures = f"{plural(h.shape[1], 'sample')}; every panel spans its mean ± 4 standard deviations"
        say(finding, figures)
        ranges = (f"{name}: raw {ends(a)}, normalized {ends(b)}" for name, a, b in zip(names, h, h_hat))
        return f"{finding}: {figures}. {'; '.join(ranges)}."
    return draw


def ends(values):
    return f"{short(values.min())} to {short(values.max())}"


def histogram(ax, role, bins=41):
    """Bars over mean ± 4 sd, relative to the tallest, with numbers at 3 sd either way and in the middle."""
    ax.set(xlim=(-4, 4), ylim=(0, 1.08), xticks=[], yticks=[])
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=FAINT, lw=0.8)
    edges = np.linspace(-4, 4, bins + 1)
    bars = ax.stairs(np.zeros(bins), edges, fill=True, color=role.color, animated=True)
    look = dict(ha="center", va="top", size=9.5, color=role.ink, animated=True)
    marks = {k: ax.text(k, -0.06, "", **look) for k in (-3, 0, 3)}

    def paint(values):
        mean, sd = values.mean(), max(values.std(), 1e-12)
        counts = np.histogram((values - mean) / sd, edges)[0]
        bars.set_data(counts / max(counts.max(), 1))
        for k, mark in marks.items():
            mark.set_text(short(mean + k * sd, 2) if k else short(round(mean, 2)))
    return paint

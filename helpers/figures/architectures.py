"""Pictures of distributions: what BatchNorm does to the shape of one unit's values (notebook 02)."""
import numpy as np

from .parts import array, headline, plural, short
from .roles import FAINT, normalized, raw


def shapes(fig, bins=41):
    """Three units before (above) and after (below) BatchNorm: moved and rescaled, the shape is the same.

    draw(h, h_hat, names): h and h_hat (N, 3); names three strings. Each panel spans its own values: mean ± 4 sd, and as much
    of the raw values, so that equal shapes look equal."""
    say = headline(fig)
    axes = fig.subplots(2, 3, gridspec_kw=dict(left=0.07, right=0.98, bottom=0.1, top=0.72, wspace=0.12, hspace=0.55))
    panels = [[histogram(ax, bins, role) for ax in row] for row, role in zip(axes, (raw, normalized))]
    for row, words, role in zip(axes, ("raw h", "normalized ĥ"), (raw, normalized)):
        row[0].set_ylabel(words, color=role.ink, weight="bold")
    titles = [ax.text(0, 1.12, "", transform=ax.transAxes, size=10, animated=True) for ax in axes[0]]

    def draw(h, h_hat, names):
        h, h_hat = array(h), array(h_hat)
        for title, name in zip(titles, names): title.set_text(name)
        for paint, values in zip(panels[0], h.T): paint(values)
        for paint, values in zip(panels[1], h_hat.T): paint(values)
        finding = "Mean and spread change, the shape does not"
        figures = f"{plural(len(h), 'sample')}; every panel spans its mean ± 4 standard deviations"
        say(finding, figures)
        ranges = "; ".join(f"{name}: raw {short(a.min())} to {short(a.max())}, normalized {short(b.min())} to {short(b.max())}"
                           for name, a, b in zip(names, h.T, h_hat.T))
        return f"{finding}: {figures}. {ranges}."
    return draw


def histogram(ax, bins, role):
    """Bars over mean ± 4 sd of the values, relative to the tallest, with the numbers at the ends and in the middle."""
    ax.set(xlim=(-4, 4), ylim=(0, 1.08), xticks=[], yticks=[])
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=FAINT, lw=0.8)
    edges = np.linspace(-4, 4, bins + 1)
    bars = ax.stairs(np.zeros(bins), edges, fill=True, color=role.color, animated=True)
    ticks = [ax.text(x, -0.06, "", ha="center", va="top", size=9.5, color=role.ink, animated=True) for x in (-3, 0, 3)]

    def paint(values):
        mean, sd = values.mean(), max(values.std(), 1e-12)
        counts = np.histogram((values - mean) / sd, edges)[0]
        bars.set_data(counts / max(counts.max(), 1))
        for tick, k in zip(ticks, (-3, 0, 3)): tick.set_text(short(float(f"{mean + k * sd:.2g}") if k else round(mean, 2)))
    return paint

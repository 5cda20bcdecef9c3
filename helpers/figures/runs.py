"""Pictures of notebook 00: what one pair of runs shows, and what many show."""
import numpy as np

from .parts import array, beside, headline, jitter, moving, short
from .roles import FAINT, INK, NOTE, normalized

# Heights in the panel, and what stands there.
ROWS = (2.35, "one seed each"), (1.2, "eight seeds each"), (0.2, "all seeds")


def groups(fig):
    """Gains of single pairs of nets, means of eight pairs with their intervals, and the mean of all pairs.

    draw(gain, eights, whole): gain (K,), accuracy with BatchNorm minus without, a pair of nets each; eights
    (2, K / 8) and whole (2,), both ends of the 95 % intervals of means of eight pairs and of all."""
    say = headline(fig)
    ax = fig.add_axes((0.2, 0.15, 0.76, 0.66))
    ax.set(xlim=(-0.2, 1), ylim=(-0.1, 3), yticks=[],
           xlabel="gain: accuracy with BatchNorm minus without, same seed")
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=FAINT, lw=1.2)
    beside(ax, 0.155, 2.9, "no gain", **NOTE, ha="right")
    beside(ax, 0.62, ROWS[2][0], "bars: 95 % intervals of a mean", **NOTE)
    for y, name in ROWS:
        beside(ax, -0.02, y, name, ha="right", color=INK, size=10)
    dots = moving(ax, **normalized.rings, ms=5)
    bars = moving(ax, color=normalized.color, lw=2.4)
    ends = moving(ax, color=normalized.color, marker="|", ls="")
    means = moving(ax, **normalized.dots, ms=6)

    def draw(gain, eights, whole):
        gain, eights, whole = (np.clip(array(values), -0.19, 0.99) for values in (gain, eights, whole))
        K = len(gain)
        dots.set_data(gain, ROWS[0][0] + 0.7 * jitter(K))
        low, high = np.column_stack([eights, whole])
        y = np.append(ROWS[1][0] + np.linspace(0.4, -0.4, eights.shape[1]), ROWS[2][0])
        gaps = np.full(len(y), np.nan)
        bars.set_data(np.column_stack([low, high, gaps]).ravel(), np.repeat(y, 3))
        ends.set_data(np.append(low, high), np.tile(y, 2))
        means.set_data((low + high) / 2, y)
        finding = "Single pairs scatter, means of many do not"
        figures = (f"{K} pairs, one seed each: {short(gain.min(), 2)} to {short(gain.max(), 2)}; "
                   f"all: {short(whole[0], 2)} to {short(whole[1], 2)}")
        say(finding, figures)
        wide = np.ptp(eights, axis=0).mean() / np.ptp(whole)
        return f"{finding}. {figures}. Intervals of eight pairs are {short(wide, 2)} times as wide as of all."
    return draw

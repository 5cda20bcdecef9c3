"""Pictures of notebook 12: processes with their own samples; whose numbers share a mean, and what that costs."""
import numpy as np

from . import roles
from .parts import array, broken, errors, headline, keys, plural, short
from .roles import FAINT, INK, QUIET

REACH = 3.6                                                  # the values shown, either way, in standard deviations
TINT, REST = "#CFE3F1", "#E3E6EA"                            # boxes: of the set of the yellow sample, of the others


def shares(fig, most=8):
    """Each process a lane with its samples; a box is a mean ± one standard deviation, and as high as the lanes that share it.

    draw(h, mean, sd, means): h (P, n) values of one unit in P processes, at most `most`; mean, sd: what they are measured by, (P, 1) of each
    process or (1, 1) of all; means (batches,): what process 0 takes off in one batch after another, where the true mean is 0 and the true sd 1."""
    say = headline(fig)
    lanes, ax = fig.add_axes((0.105, 0.345, 0.875, 0.475)), fig.add_axes((0.105, 0.135, 0.875, 0.125))
    lanes.set(xlim=(-REACH, REACH), ylim=(most, 0), yticks=[], xticks=[])
    lanes.spines[:].set_visible(False)
    ax.set(xlim=(-REACH, REACH), ylim=(0, 1), yticks=[], xticks=range(-3, 4), xlabel="value of one unit before BatchNorm, in σ from the true mean")
    ax.spines[["left", "right", "top"]].set_visible(False)
    for area, y in (lanes, most / 2), (ax, 0.5):
        area.text(-REACH - 0.62, y, "process" if area is lanes else "means", rotation=90, ha="center", va="center", color=QUIET)
    ax.text(-REACH, 1.1, "box: mean ± sd of the samples in its lanes; below: the blue mean in many batches", size=9.5, color=QUIET, va="bottom")
    ax.axvline(0, **roles.truth.line, lw=1.2)
    paint = boxes(lanes, most)
    cloud, = ax.plot([], [], ls="", marker="|", ms=9, mew=0.8, color=roles.normalized.color, alpha=0.35, animated=True)
    now, = ax.plot([], [], ls="", marker="|", ms=24, mew=3, color=roles.normalized.ink, animated=True)

    def draw(h, mean, sd, means):
        h, mean, sd, means = map(array, (h, mean, sd, means))
        (P, n), together = h.shape, len(mean) == 1
        paint(h, mean.ravel(), sd.ravel())
        cloud.set_data(means, 0.25 + 0.5 * (np.arange(len(means)) * 0.618 % 1))             # golden ratio: even, and the same each time
        now.set_data([mean[0, 0]], [0.5])
        noise, count = np.sqrt((means ** 2).mean()), h.size if together else n
        finding = f"{plural(count, 'image')} share a mean: noise {noise:.2f} σ"
        figures = f"{plural(P, 'process' if P == 1 else 'processe')} × {plural(n, 'image')}, " + ("one mean for all" if together else "a mean in each")
        say(finding, figures)
        out = int((np.abs(h) > REACH).sum())
        return f"{finding}. {figures}. In this batch process 0 measures by {short(mean[0, 0])} ± {short(sd[0, 0])}." + (f" {out} of {h.size} values lie outside the picture." if out else "")
    return draw


def boxes(ax, most):
    """Lanes with samples, and behind them the boxes of the statistics. Returns paint(h (P, n), mean, sd), these (P,) or (1,)."""
    def move(**look): return ax.plot([], [], animated=True, **look)[0]
    rest, = ax.fill([], [], color=REST, lw=0, animated=True, zorder=0)
    lit, = ax.fill([], [], fc=TINT, ec=roles.normalized.ink, lw=1.2, animated=True, zorder=0)
    fences = move(color=FAINT, lw=0.8)
    true = ax.axvline(0, **roles.truth.line, lw=1.2, animated=True)
    others_mean, mine = move(color=QUIET, lw=2), move(color=roles.normalized.ink, lw=3)
    others, own = move(ls="", marker="o", mfc="white", mec=QUIET, ms=5), move(**roles.normalized.dots, ms=6.5)
    held = move(**roles.highlight.dots, ms=10)
    names = [ax.text(-REACH - 0.22, 0, f"{r}", ha="center", va="center", size=10, color=QUIET, animated=True) for r in range(most)]

    def paint(h, mean, sd):
        P, n = h.shape
        tall = most / P                                                      # of a lane
        spans = [(0, most)] if len(mean) == 1 else [(tall * (r + 0.06), tall * (r + 0.94)) for r in range(P)]
        corners = [[(m - s, low), (m + s, low), (m + s, high), (m - s, high), (m - s, low), (np.nan, np.nan)] for m, s, (low, high) in zip(mean, sd, spans)]
        lit.set_xy(corners[0][:4])
        rest.set_xy(np.concatenate([one for one in corners[1:]]) if corners[1:] else [(0, 0)] * 4)
        true.set_ydata([0, 1])
        edges = tall * np.arange(1, P)
        fences.set_data(*broken(np.tile([-REACH, REACH], (P - 1, 1)), np.c_[edges, edges])) if P > 1 else fences.set_data([], [])
        mine.set_data([mean[0]] * 2, spans[0])
        others_mean.set_data(*broken(np.c_[mean[1:], mean[1:]], np.array(spans[1:]))) if spans[1:] else others_mean.set_data([], [])
        y = tall * (np.arange(P)[:, None] + 0.5 + 0.5 * ((np.arange(n) * 0.618 + 0.5) % 1 - 0.5))
        inside = len(h) if len(mean) == 1 else 1                             # lanes of the yellow sample's set
        own.set_data(h[:inside].ravel(), y[:inside].ravel())
        others.set_data(h[inside:].ravel(), y[inside:].ravel())
        held.set_data(h[0, :1], y[0, :1])
        for r, sign in enumerate(names): sign.set(visible=r < P, y=tall * (r + 0.5))
    return paint


KINDS = ("a mean in each process", roles.raw), ("one mean for all", roles.normalized)


def by_share(fig):
    """Accuracy against the images of a process, each process by its own mean or all by one, for two numbers of processes.

    draw(images, two, four): images (R,) of a process in a step; two, four (2, R, K): accuracies of K seeds with 2 and 4 processes, own mean first."""
    say = headline(fig)
    keys(fig, KINDS, 0.775, step=0.45)
    left, right = fig.add_axes((0.085, 0.14, 0.4, 0.53)), fig.add_axes((0.585, 0.14, 0.4, 0.53))
    panels = [errors(ax, KINDS, (2, 4, 16), (1.7, 19), title, "images in each process (log scale)", top=1.0) for ax, title in ((left, "2 processes"), (right, "4 processes"))]
    left.set_ylabel("accuracy on new images")

    def draw(images, two, four):
        images, found = array(images), [array(two), array(four)]
        for paint, values in zip(panels, found): paint(images, values)
        (own, all_), (own4, all4) = ([v[0].mean() for v in values] for values in found)
        finding = f"{short(images[0])} images each: own mean {own:.2f}, {own4:.2f}; shared {all_:.2f}, {all4:.2f}"
        figures = f"with 2, then with 4 processes; {plural(found[0].shape[2], 'seed')}; band: mean ± sd"
        say(finding, figures)
        rows = "; ".join(f"{count} processes, {name}: " + ", ".join(f"{v:.2f} at {short(b)}" for b, v in zip(images, line.mean(1)))
                         for count, values in zip((2, 4), found) for (name, _), line in zip(KINDS, values))
        return f"{finding}. Mean accuracy by images in each process: {rows}."
    return draw

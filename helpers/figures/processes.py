"""Pictures of notebook 12: processes with their own samples; whose numbers share a mean, and its price."""
import numpy as np

from . import roles
from .parts import array, broken, errors, headline, jitter, keys, means, moving, plural, short
from .roles import FAINT, NOTE, QUIET

REACH = 3.6                        # the values shown, either way, in standard deviations
TINT, REST = "#CFE3F1", "#E3E6EA"  # boxes: of the yellow sample's set, of the others
MOST = 8                           # processes


def shares(fig):
    """Each process a lane with its samples; a box is a mean ± one standard deviation, and as high as the
    lanes that share it.

    draw(h, mean, sd, means): h (P, n) values of one unit in P processes, at most MOST; mean, sd: what they
    are measured by, (P, 1) of each process or (1, 1) of all; means (batches,): what process 0 takes off in
    one batch after another, where the true mean is 0 and the true sd 1."""
    say = headline(fig)
    lanes, ax = fig.add_axes((0.105, 0.345, 0.875, 0.475)), fig.add_axes((0.105, 0.135, 0.875, 0.125))
    lanes.set(xlim=(-REACH, REACH), ylim=(MOST, 0), yticks=[], xticks=[])
    lanes.spines[:].set_visible(False)
    ax.set(xlim=(-REACH, REACH), ylim=(0, 1), yticks=[], xticks=range(-3, 4),
           xlabel="value of one unit before BatchNorm, in σ from the true mean")
    ax.spines[["left", "right", "top"]].set_visible(False)
    for area, y, words in (lanes, MOST / 2, "process"), (ax, 0.5, "means"):
        area.text(-REACH - 0.62, y, words, rotation=90, ha="center", va="center", color=QUIET)
    words = "box: mean ± sd of the samples in its lanes; below: the blue mean in many batches"
    ax.text(-REACH, 1.1, words, va="bottom", **NOTE)
    ax.axvline(0, **roles.truth.line, lw=1.2)
    paint, bar = boxes(lanes), dict(ls="", marker="|")
    cloud = moving(ax, **bar, ms=9, mew=0.8, color=roles.normalized.color, alpha=0.35)
    now = moving(ax, **bar, ms=24, mew=3, color=roles.normalized.ink)

    def draw(h, mean, sd, means):
        h, mean, sd, means = map(array, (h, mean, sd, means))
        (P, n), together = h.shape, len(mean) == 1
        paint(h, mean.ravel(), sd.ravel())
        cloud.set_data(means, 0.5 + 0.5 * jitter(len(means)))
        now.set_data([mean[0, 0]], [0.5])
        noise, count = np.sqrt((means ** 2).mean()), h.size if together else n
        finding = f"{plural(count, 'image')} share a mean: noise {noise:.2f} σ"
        processes = "1 process" if P == 1 else f"{P} processes"
        which = "one mean for all" if together else "a mean in each"
        figures = f"{processes} × {plural(n, 'image')}, {which}"
        say(finding, figures)
        out = (np.abs(h) > REACH).sum()
        outside = f" {out} of {h.size} values lie outside the picture." if out else ""
        measure = f"{short(mean[0, 0])} ± {short(sd[0, 0])}"
        return f"{finding}. {figures}. In this batch process 0 measures by {measure}.{outside}"
    return draw


def boxes(ax):
    """Lanes with samples, and behind them the boxes of the statistics. Returns paint(h (P, n), mean, sd),
    these (P,) or (1,)."""
    look = dict(animated=True, zorder=0)
    rest, = ax.fill([], [], color=REST, lw=0, **look)
    lit, = ax.fill([], [], fc=TINT, ec=roles.normalized.ink, lw=1.2, **look)
    fences = moving(ax, color=FAINT, lw=0.8)
    ax.axvline(0, **roles.truth.line, lw=1.2, animated=True)
    others_mean, mine = moving(ax, color=QUIET, lw=2), moving(ax, color=roles.normalized.ink, lw=3)
    others = moving(ax, ls="", marker="o", mfc="white", mec=QUIET, ms=5)
    own, held = moving(ax, **roles.normalized.dots, ms=6.5), moving(ax, **roles.highlight.dots, ms=10)
    look = dict(ha="center", va="center", size=10, color=QUIET, animated=True)
    names = [ax.text(-REACH - 0.22, 0, f"{r}", **look) for r in range(MOST)]

    def paint(h, mean, sd):
        P, n = h.shape
        tall = MOST / P  # of a lane
        each = tall * (np.arange(P)[:, None] + [0.06, 0.94])
        spans = each if len(mean) > 1 else np.array([[0, MOST]])
        corners = [[(m - s, low), (m + s, low), (m + s, high), (m - s, high), (m - s, low), (np.nan, np.nan)]
                   for m, s, (low, high) in zip(mean, sd, spans)]
        lit.set_xy(corners[0][:4])
        rest.set_xy(sum(corners[1:], []) or [(0, 0)] * 4)
        edges = tall * np.arange(1, P)
        fences.set_data(*broken(np.tile([-REACH, REACH], (P - 1, 1)), np.c_[edges, edges]))
        mine.set_data([mean[0]] * 2, spans[0])
        others_mean.set_data(*broken(np.c_[mean[1:], mean[1:]], spans[1:]))
        y = tall * (np.arange(P)[:, None] + 0.5 + 0.5 * ((np.arange(n) * 0.618 + 0.5) % 1 - 0.5))
        inside = P if len(mean) == 1 else 1  # lanes of the yellow sample's set
        own.set_data(h[:inside].ravel(), y[:inside].ravel())
        others.set_data(h[inside:].ravel(), y[inside:].ravel())
        held.set_data(h[0, :1], y[0, :1])
        for r, sign in enumerate(names):
            sign.set(visible=r < P, y=tall * (r + 0.5))
    return paint


KINDS = ("a mean in each process", roles.raw), ("one mean for all", roles.normalized)


def by_share(fig):
    """Accuracy against the images of a process, each process by its own mean or all by one, for two numbers
    of processes.

    draw(images, two, four): images (R,) of a process in a step; two, four (2, R, K): accuracies of K seeds
    with 2 and 4 processes, own mean first."""
    say = headline(fig)
    keys(fig, KINDS, 0.775, step=0.45)
    left, right = (fig.add_axes((x, 0.14, 0.4, 0.53)) for x in (0.085, 0.585))
    look = KINDS, (2, 4, 16), (1.7, 19)
    panels = [errors(ax, *look, f"{count} processes", "images in each process (log scale)", top=1.0)
              for ax, count in ((left, 2), (right, 4))]
    left.set_ylabel("accuracy on new images")

    def draw(images, two, four):
        images, found = array(images), [array(two), array(four)]
        for paint, values in zip(panels, found):
            paint(images, values)
        own, shared = ([f"{values[k, 0].mean():.2f}" for values in found] for k in (0, 1))
        finding = f"{short(images[0])} images each: own mean {', '.join(own)}; shared {', '.join(shared)}"
        figures = f"with 2, then with 4 processes; {plural(found[0].shape[2], 'seed')}; band: mean ± sd"
        say(finding, figures)
        rows = "; ".join(f"{count} processes, {name}: {means(images, line)}"
                         for count, values in zip((2, 4), found) for (name, _), line in zip(KINDS, values))
        return f"{finding}. Mean accuracy by images in each process: {rows}."
    return draw

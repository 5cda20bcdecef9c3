"""Pictures of notebook 03: two trainings side by side, and nets without and with BatchNorm, seed by seed."""
import numpy as np

from .parts import array, broken, haloed, headline, plural, short
from .roles import FAINT, INK, QUIET, normalized, raw

def two_runs(fig, epochs=10, top=2.6):
    """Training loss of two nets, one run each, against epochs: a wide line and a dashed one on it, so that equal curves look equal.

    draw(plain, other, name, epoch, same_seed=True): (T,) losses in nats of every step so far, of the plain net and of the other; name: what the
    other is called; epoch: how many steps make one. epochs: how many the axis shows. The dots are the means of each run's last epoch; the
    headline names all that differs."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.72, 0.66))
    ax.set(xlim=(0, epochs), ylim=(0, top), xlabel="epochs", ylabel="training loss (cross-entropy, nats)", xticks=range(0, epochs + 1))
    ax.axhline(np.log(10), color=FAINT, lw=1.2)
    ax.text(epochs, np.log(10), " guessing", va="center", color=QUIET, size=9.5)
    ax.text(0.02, 0.04, "dots: mean loss of a run's last epoch", color=QUIET, size=9.5, transform=ax.transAxes)
    wide, = ax.plot([], [], color=normalized.color, lw=4.5, alpha=0.55, animated=True)
    dashed, = ax.plot([], [], **raw.line, lw=1.8, animated=True)
    ends = [ax.plot([], [], **role.dots, ms=7, clip_on=False, animated=True)[0] for role in (normalized, raw)]
    signs = [haloed(ax, 0, 0, color=role.ink, weight="bold", size=10, va="center", animated=True) for role in (normalized, raw)]

    def draw(plain, other, name, epoch, same_seed=True):
        found = [array(other), array(plain)]
        times = [np.arange(1, len(loss) + 1) / epoch for loss in found]
        last = [loss[-epoch:].mean() for loss in found]
        for line, x, loss in zip((wide, dashed), times, found): line.set_data(x, np.clip(np.nan_to_num(loss, nan=top), 0, top))
        for i, (dot, sign, words) in enumerate(zip(ends, signs, (name, "plain"))):
            x, mean, beside = times[i][-1], min(last[i], top), found[1 - i][:len(found[i])][-epoch:].mean()      # the other curve, up to there
            shorter, up = x < times[1 - i][-1], 1 if last[i] > beside or last[i] == beside and i == 0 else -1
            dot.set_data([x - 0.5], [mean])
            away = 0.28 if shorter else 0.13 if abs(last[i] - last[1 - i]) < 0.26 and x == times[1 - i][-1] else 0
            sign.set(text=words, position=(x - 0.5 if shorter else x + 0.15, np.clip(mean + up * away, 0.1, top - 0.1)))
        difference, later = round(last[0] - last[1], 2), round(times[0][-1] - times[1][-1])
        differs = [name, *["another seed"] * (not same_seed), *[plural(abs(later), "more epoch" if later > 0 else "fewer epoch")] * bool(later)]
        loss = "loss " if len(differs) < 3 else ""                          # three differences fill the line
        finding = f"{', '.join(differs)}: {loss}{short(abs(difference))} {'lower' if difference < 0 else 'higher'}"
        if len(found[0]) == len(found[1]) and np.array_equal(*found): finding = "Two runs, one line: equal to the last bit"
        finding = finding[0].upper() + finding[1:]
        figures = "last epoch: " + ", ".join(f"{short(round(mean, 2))} {words} (epoch {x[-1]:.0f})" for x, mean, words in zip(times, last, (name, "plain")))
        say(finding, figures)
        return f"{finding}; {figures}."
    return draw


def by_epoch(fig, epochs=10, top=2.6):
    """Mean loss of each epoch, without and with BatchNorm: thin lines for the seeds, a thick one and a band for mean and spread.

    draw(plain, bn): (K, epochs) losses in nats, the mean of each epoch's steps, for K seeds. Two arrows compare with the plain net
    at epoch 5: BatchNorm at the same epoch, and the plain net itself at the last."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.86, 0.63))
    ax.set(xlim=(0.7, epochs + 0.3), ylim=(0, top), xlabel="epoch", ylabel="training loss (cross-entropy, nats)", xticks=range(1, epochs + 1))
    ax.axhline(np.log(10), color=FAINT, lw=1.2)
    ax.text(epochs + 0.25, np.log(10) + 0.04, "guessing", ha="right", color=QUIET, size=9.5)
    ax.text(1, 1.05, "thin: seeds; band: ± sd", ha="right", va="center", color=QUIET, size=9.5, transform=ax.transAxes)
    x, kinds = np.arange(1, epochs + 1), [seeds_and_band(ax, 0.0, "without BatchNorm", raw), seeds_and_band(ax, 0.37, "with BatchNorm", normalized)]
    beyond = epochs + 0.17                                                 # beside the last dot, not on it
    level, = ax.plot([], [], color=QUIET, lw=0.9, ls=(0, (2, 2)), animated=True)
    drops = [ax.plot([], [], color=INK, lw=1.4, marker="v", ms=6, markevery=[1], animated=True)[0] for _ in range(2)]
    signs = [haloed(ax, 0, 0, size=10, ha="right", va="center", animated=True) for _ in range(2)]

    def draw(plain, bn):
        found = [array(plain), array(bn)]
        for paint, values in zip(kinds, found): paint(x, values)
        start, fair, late = found[0][:, 4].mean(), found[1][:, 4].mean(), found[0][:, -1].mean()
        level.set_data([5, beyond], [start, start])
        for drop, sign, at, end, words in zip(drops, signs, (5, beyond), (fair, late), ("the layer", "five more epochs")):
            drop.set_data([at, at], [start, end + 0.04])
            beside = end - 0.2 if at == 5 else (start + end) / 2 if start - end > 0.6 else start + 0.12
            sign.set(text=f"{words}: {short(round(start - end, 2))}", position=(at - 0.15, beside))
        finding = f"BatchNorm lowers the loss by {short(round(start - fair, 2))} at epoch 5"
        figures = f"five more epochs without it by {short(round(start - late, 2))}; mean of {len(found[0])} seeds"
        say(finding, figures)
        return f"{finding}; {figures}."
    return draw


def seeds_and_band(ax, place, words, role):
    """One kind of net: its name above the panel, thin lines, mean and band. Returns paint(x (T,), values (K, T))."""
    ax.plot([place, place + 0.055], [1.05, 1.05], transform=ax.transAxes, clip_on=False, lw=2.2, **role.line)
    ax.text(place + 0.065, 1.05, words, color=role.ink, weight="bold", size=10, va="center", transform=ax.transAxes)
    area = ax.fill_between([], [], [], color=role.color, alpha=0.16, lw=0, animated=True)
    thin, = ax.plot([], [], lw=0.7, alpha=0.45, animated=True, color=role.color)
    thick, = ax.plot([], [], lw=2.2, animated=True, **role.line)

    def paint(x, values):
        mean, sd = values.mean(0), values.std(0, ddof=1)
        area.set_data(x, mean - sd, mean + sd)
        thin.set_data(*broken(np.tile(x, (len(values), 1)), values))
        thick.set_data(x, mean)
    return paint


def pairs(fig, low=-0.15, high=0.35):
    """How much more nets with BatchNorm get right than without: one dot for each seed, in order, with a stem from zero.

    draw(names, plain, bn, images): names of one or two nets; plain and bn (nets, K), accuracies of the same K seeds on so many images.
    low, high: differences that the axis shows; what lies beyond is drawn at its edge."""
    say = headline(fig)
    ax = fig.add_axes((0.105, 0.19, 0.875, 0.61))
    ax.set(xlim=(-0.5, 2.5), ylim=(low, high), ylabel="accuracy, with minus without", yticks=np.arange(-0.1, high, 0.1), xticks=[])
    ax.axhline(0, color=FAINT, lw=1.2, zorder=0)
    ahead, behind = [(ax.plot([], [], color=role.color, lw=1.4, alpha=0.6, animated=True)[0], ax.plot([], [], **role.dots, ms=7, animated=True)[0])
                     for role in (normalized, raw)]
    words = [[ax.text(0, y, "", ha="center", va="top", transform=ax.get_xaxis_transform(), color=color, animated=True) for _ in range(2)]
             for y, color in ((-0.05, INK), (-0.15, QUIET))]

    def draw(names, plain, bn, images):
        plain, bn = array(plain), array(bn)                                # (nets, K) each
        nets, seeds = plain.shape
        places = 3 * (np.arange(nets) + 0.5) / nets - 0.5
        x = places[:, None] + np.linspace(-1, 1, seeds) / nets
        more = np.clip(bn - plain, low, high)
        for (stems, dots), chosen in ((ahead, bn > plain), (behind, bn <= plain)):
            stems.set_data(*broken(np.stack([x[chosen]] * 2, 1), np.stack([0 * more[chosen], more[chosen]], 1)))
            dots.set_data(x[chosen], more[chosen])
        means = [f"means: {a:.2f} without, {b:.2f} with" for a, b in zip(plain.mean(1), bn.mean(1))]
        for signs, lines in zip(words, (names, means)):
            for sign, at, line in zip(signs, places, lines): sign.set(text=line, x=at)
        finding = "BatchNorm is ahead in " + how_often((bn > plain).sum(1), seeds)
        figures = f"a dot per seed: the same start, batches and {images:,} test images"
        say(finding, figures)
        return f"{finding}; {figures}. " + "; ".join(f"{name}, {line}" for name, line in zip(names, means)) + "."
    return draw


def how_often(better, seeds):
    """Counts of each net's seeds in words: all 8 seeds, for both nets."""
    nets = {1: "", 2: ", for both nets"}.get(len(better), ", for each net")
    if len(set(better)) > 1: return ", ".join(map(str, better)) + f" of {plural(seeds, 'seed')}"
    return f"{f'all {seeds}' if better[0] == seeds else f'{better[0]} of {seeds}'} seeds{nets}"

"""Picture of 13: what the owner of a net sees of it: two loss curves and the four scores."""
import numpy as np

from . import roles
from .parts import array, beside, broken, headline, inside, key, moving, smooth
from .roles import FAINT, INK, NOTE, QUIET, Role

TOP = 4.0  # of the curves, in nats
CURVES = Role(INK, INK, "o", "-"), Role(QUIET, QUIET, "o", (0, (3, 1)))  # the modes' colours are the bars'
NAMES = "train()", "eval()", "train()", "eval()"
PLACES = np.array([0.0, 1.0, 2.7, 3.7])  # of the four bars, from above
WHY = {  # what a wrong diagnosis would show, at most 60 characters
    "healthy": "a healthy net has no score that is poor or worse",
    "statistics": "wrong statistics: worse on training data in eval()",
    "other data": "other data: worse on validation data in eval() only",
    "overfit": "overfitting: worse on validation data in both modes",
    "batches": "bad batches: all four scores are poor",
}


def four_and_curves(fig):
    """The losses in training and the four scores of a net, of several seeds.

    draw(step, loss, at, val_loss, scores, net, diagnosis, cause, fault): step (T,), loss (K, T), at (V,)
    steps, val_loss (K, V) in nats; scores (K, 4): training data in train(), in eval(), validation data alike;
    diagnosis: the learner's, "?" for none yet; cause: the right one, fault: what was planted, in words."""
    say = headline(fig)
    curves, bars = losses(fig), scored(fig)

    def draw(step, loss, at, val_loss, scores, net, diagnosis, cause, fault):
        scores = array(scores)
        curves(array(step), array(loss), array(at), array(val_loss))
        bars(scores)
        seeds = f"{len(scores)} seeds: bars are means, dots are seeds"
        finding, more = told(net, diagnosis, cause, fault, seeds)
        say(finding, more)
        means = ", ".join(f"{score:.2f}" for score in scores.mean(0))
        return (f"{finding}; {more}. Training data in train() and eval(), validation data in train() and "
                f"eval(): {means}. Loss at the end: {capped(array(loss)[:, -10:].mean())} in training, "
                f"{capped(array(val_loss)[:, -1].mean())} on validation data.")
    return draw


def told(net, diagnosis, cause, fault, seeds):
    """Headline and second line."""
    if diagnosis == "?":
        return f"Net {net}: what is wrong with it, if anything?", seeds
    if diagnosis == cause:
        return f"Net {net}, right: {fault}", seeds
    return f"Net {net} shows something else", WHY[diagnosis]


def capped(loss):
    return f"{loss:.2f}" if loss < 100 else "over 100"


def losses(fig):
    """Losses from the start to the end of a training, in training smoothed over ten steps.

    Returns paint(step (T,), loss (K, T), at (V,), val_loss (K, V))."""
    ax = fig.add_axes((0.085, 0.14, 0.37, 0.59))
    ax.set(xlim=(0, 1), ylim=(0, TOP), xlabel="steps of training", ylabel="cross-entropy loss",
           yticks=range(5))
    ax.set_xticks([0, 1], ["start", "end"])
    ax.tick_params(labelsize=10.5)
    for label in ax.xaxis.label, ax.yaxis.label:
        label.set_size(11)
    ax.axhline(np.log(10), color=FAINT, lw=1.2)
    beside(ax, 0.98, np.log(10) + 0.13, "guessing", ha="right", **NOTE)
    for x, name, role in zip((-0.1, 0.46), ("training loss", "validation loss"), CURVES):
        key(ax, x, name, role)
    one, all_of_them = dict(lw=0.8, alpha=0.6), dict(lw=2.4)
    thin, seen = (moving(ax, **one, color=role.color) for role in CURVES)
    thick, mean = (moving(ax, **all_of_them, **role.line) for role in CURVES)

    def paint(step, loss, at, val_loss):
        step, at = step / step[-1], at / step[-1]
        loss, val_loss = (np.clip(np.nan_to_num(v, nan=TOP), 0, TOP) for v in (loss, val_loss))
        loss = smooth(loss)
        for line, x, values in ((thin, step, loss), (seen, at, val_loss)):
            line.set_data(*broken(np.tile(x, (len(values), 1)), values))
        thick.set_data(step, loss.mean(0))
        mean.set_data(at, val_loss.mean(0))
    return paint


def scored(fig):
    """The four scores as bars, a dot a seed. Returns paint(scores (K, 4))."""
    ax = fig.add_axes((0.60, 0.14, 0.32, 0.59))
    ax.set(xlim=(0, 1), ylim=(4.4, -1.2), yticks=PLACES, xticks=[0, 0.5, 1], xlabel="accuracy")
    ax.set_yticklabels(NAMES, size=11)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=10.5)
    ax.xaxis.label.set_size(11)
    for y, words in ((-0.85, "training data"), (1.85, "validation data")):
        beside(ax, 0.0, y, words, size=11, weight="bold")
    kinds = [roles.train, roles.eval]
    bars = [moving(ax, lw=11, color=role.color, alpha=0.75, solid_capstyle="butt") for role in kinds]
    dots = moving(ax, ls="", marker="o", ms=3.5, mfc="white", mec=INK, mew=0.7)
    signs = [inside(ax, 1.03, 1 - (y + 1.2) / 5.6, size=11, va="center", animated=True) for y in PLACES]

    def paint(scores):
        means = scores.mean(0)
        for k, bar in enumerate(bars):
            bar.set_data(*broken(np.stack([0 * means[k::2], means[k::2]], 1), np.tile(PLACES[k::2, None], 2)))
        dots.set_data(scores.ravel(), np.tile(PLACES, len(scores)))
        for sign, value in zip(signs, means):
            sign.set_text(f"{value:.2f}")
    return paint

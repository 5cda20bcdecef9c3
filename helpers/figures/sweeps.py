"""Pictures of experiments: accuracy against a setting, every seed a dot, mean and spread as a band."""
import numpy as np

from .parts import array, beside, broken, haloed, headline, jitter, key, moving, plural, short, sweep, ticks
from .roles import FAINT, NOTE, normalized, raw

PLAIN_AND_BN = ("without BatchNorm", raw), ("with BatchNorm", normalized)
MOST = 150  # steps a net gets


def against_rate(fig):
    """Accuracy against the learning rate, without and with BatchNorm.

    draw(rates, plain, bn): rates (R,); plain and bn (R, K), accuracies of K seeds."""
    tell, paint = sweep(fig, "learning rate", (0.01, 0.1, 1, 10), (0.007, 7), PLAIN_AND_BN)

    def draw(rates, plain, bn):
        found = paint(rates, plain, bn)
        without, with_bn = ((values.min(1) > 0.5).sum() for values in found)
        wide = "widens" if with_bn > without else "does not widen"
        return tell(f"BatchNorm {wide} the range of rates", rates, found)
    return draw


def against_init(fig):
    """Accuracy against a factor on all initial weights, without and with BatchNorm.

    draw(factors, plain, bn): factors (R,); plain and bn (R, K), accuracies of K seeds."""
    tell, paint = sweep(fig, "factor on the initial weights", (0.01, 0.1, 1, 10), (0.007, 28), PLAIN_AND_BN)

    def draw(factors, plain, bn):
        found = paint(factors, plain, bn)
        fine, better = ((values.mean(1) > 0.5).sum() for values in found)
        less = "less" if better > fine else "as much"
        return tell(f"With BatchNorm, initial weights matter {less}", factors, found)
    return draw


def steps_by_rate(fig):
    """How many steps nets take to a loss, against the learning rate, without and with BatchNorm.

    draw(rates, plain, bn): rates (R,), at most six; plain and bn (R, K), steps of K seeds, inf where a net
    does not get there within 150."""
    say = headline(fig)
    ax = fig.add_axes((0.09, 0.14, 0.88, 0.6))
    ax.set(xscale="log", xlim=(0.07, 7), xlabel="learning rate", ylim=(0, 212), ylabel="steps to loss 0.5")
    ticks(ax.xaxis, (0.1, 0.2, 0.5, 1, 3, 5))
    ticks(ax.yaxis, range(0, MOST + 1, 50))
    ax.spines["left"].set_bounds(0, MOST)
    ax.axhspan(MOST + 5, 212, color=FAINT, alpha=0.5, lw=0, zorder=0)
    above = beside(ax, 0.01, 202, **NOTE, animated=True)
    kinds = [(name, medians(ax, k, name, role)) for k, (name, role) in enumerate(PLAIN_AND_BN)]

    def draw(rates, plain, bn):
        rates, found = array(rates), [array(plain), array(bn)]
        few, fewer = (paint(rates, steps) for (_, paint), steps in zip(kinds, found))
        ratio = few / fewer if np.isfinite(fewer) else 0
        does = "halves the" if 1.6 < ratio < 2.6 else "saves" if ratio > 1.1 else "saves no"
        finding, seeds = f"At the best rates, BatchNorm {does} steps", plural(found[0].shape[1], "seed")
        above.set_text(f"how many of {found[0].shape[1]} nets reach loss 0.5 in {MOST} steps:")
        say(finding, f"ring: a net; line: median of {seeds}")
        rows = "; ".join(f"{name}: " + ", ".join(f"{short(m)} at {short(r)}"
            for r, m in zip(rates, np.median(steps, 1))) for (name, _), steps in zip(kinds, found))
        return f"{finding}. Median steps to loss 0.5 by learning rate, {seeds}: {rows}."
    return draw


def medians(ax, place, name, role):
    """One kind of net: a ring a seed, a line through the medians, the fewest steps as a number; above, how
    many get there.

    Returns paint(rates (R,), steps (R, K)) -> the smallest median."""
    key(ax, 0.4 * place, name, role)
    rings, line = moving(ax, **role.rings, ms=4.5, alpha=0.7), moving(ax, lw=2.2, **role.line)
    fewest = moving(ax, **role.dots | dict(mfc=role.color), ms=6)
    sign = haloed(ax, 0, 0, ha="center", va="center", **role.bold, size=10, animated=True)
    counts = [ax.text(1, 184 - 17 * place, "", ha="center", va="center", **role.bold, size=10, animated=True)
              for _ in range(6)]
    side, above = (0.97, 1.03)[place], (46, -17)[place]

    def paint(rates, steps):
        middle, x = np.median(steps, 1), rates * side
        there = np.isfinite(steps)
        rings.set_data((x[:, None] * 1.04 ** jitter(steps.shape[1]))[there], steps[there])
        line.set_data(x, np.where(np.isfinite(middle), middle, np.nan))
        for text, rate, many in zip(counts, rates, there.sum(1)):
            text.set(x=rate, text=str(many))
        k = middle.argmin()
        known = [k] if np.isfinite(middle[k]) else []
        fewest.set_data(x[known], middle[known])
        sign.set(text=f"fewest: {middle[k]:.0f} steps", visible=bool(known))
        sign.set_position((x[k], middle[k] + above if known else 0))
        return middle[k]
    return paint


def against_pixels(fig):
    """Accuracy against the learning rate for two scales of the same images.

    draw(rates, wide, standard): rates (R,); twice (R, K), for pixels 0 to 255 and standardized."""
    kinds = ("pixels 0 to 255", raw), ("standardized", normalized)
    tell, paint = sweep(fig, "learning rate", (1e-3, 3e-3, 0.01, 0.1, 0.3, 1), (2e-4, 1.5), kinds, bars,
                        "; dot: their mean, bar: ± sd")
    signs = [haloed(fig.axes[-1], 0, 0, va="center", **role.bold, size=10, animated=True)
             for role in (raw, normalized)]

    def draw(rates, wide, standard):
        found = paint(rates, wide, standard)
        rates, means = array(rates), [values.mean(1) for values in found]
        best = [rates[mean.argmax()] for mean in means]
        for sign, mean, rate in zip(signs, means, best):
            sign.set(text=f"best: {short(rate)}", position=(1.25 * rate, mean.max() + 0.06))
        less = "far smaller" if best[1] > 10 * best[0] else "smaller" if best[1] > best[0] else "no smaller"
        return (tell(f"Pixels 0 to 255 need {less} rates", rates, found)
                + f" Best rates: {short(best[0])} for pixels 0 to 255, {short(best[1])} for standardized.")
    return draw


def bars(ax, role):
    """One kind of net: a line through the means, a bar of ± one sd at each.

    Returns paint(x (R,), values (R, K))."""
    aside = {raw: 0.96, normalized: 1.04}[role]  # so that no bar hides another
    line, heights = moving(ax, lw=2.2, **role.line), moving(ax, lw=1.6, color=role.color)
    spots = moving(ax, **role.dots | dict(marker="o"), ms=5)

    def paint(x, values):
        x, mean, sd = aside * x, values.mean(1), values.std(1, ddof=1)
        line.set_data(x, mean)
        spots.set_data(x, mean)
        heights.set_data(*broken(np.c_[x, x], np.clip(np.c_[mean - sd, mean + sd], 0, 1)))
    return paint

"""Pictures of experiments: accuracy against a setting, every seed a dot, mean and spread as a band."""
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .parts import array, band, headline, plural, short
from .roles import FAINT, QUIET, normalized, raw, truth

PLAIN_AND_BN = ("without BatchNorm", raw), ("with BatchNorm", normalized)


def against_rate(fig):
    """Accuracy against the learning rate, without and with BatchNorm.

    draw(rates, plain, bn): rates (R,); plain and bn (R, K), accuracies of K seeds."""
    tell, paint = sweep(fig, "learning rate", (0.01, 0.1, 1, 10), (0.007, 7), PLAIN_AND_BN)

    def draw(rates, plain, bn):
        found = paint(rates, plain, bn)
        top = [max((rate for rate, v in zip(array(rates), values) if v.min() > 0.5), default=0) for values in found]
        return tell(f"All seeds learn up to rate {short(top[0])} without, {short(top[1])} with", rates, found)
    return draw


def against_init(fig):
    """Accuracy against a factor on all initial weights, without and with BatchNorm.

    draw(factors, plain, bn): factors (R,); plain and bn (R, K), accuracies of K seeds."""
    tell, paint = sweep(fig, "factor on the initial weights", (0.01, 0.1, 1, 10), (0.007, 28), PLAIN_AND_BN)

    def draw(factors, plain, bn):
        found = paint(factors, plain, bn)
        fine = [int((values.mean(1) > 0.5).sum()) for values in found]
        return tell(f"Learns at {fine[0]} of {len(found[0])} factors without, {fine[1]} with BatchNorm", factors, found)
    return draw


def against_pixels(fig):
    """Accuracy against the learning rate for three scales of the same images.

    draw(rates, wide, unit, standard): rates (R,); three times (R, K) for pixels 0 to 255, 0 to 1, and standardized."""
    kinds = ("pixels 0 to 255", raw), ("pixels 0 to 1", truth), ("standardized", normalized)
    tell, paint = sweep(fig, "learning rate", (1e-3, 0.01, 0.1, 1), (2e-4, 1.5), kinds)

    def draw(rates, wide, unit, standard):
        found = paint(rates, wide, unit, standard)
        best = [values.mean(1).max() for values in found]
        return tell(f"Best of {len(found[0])} rates: {best[0]:.2f}, {best[1]:.2f} and {best[2]:.2f}", rates, found)
    return draw


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

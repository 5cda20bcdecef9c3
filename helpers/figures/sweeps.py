"""Pictures of experiments: accuracy against a setting, every seed a dot, mean and spread as a band."""
from .parts import array, short, sweep
from .roles import normalized, raw, truth

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

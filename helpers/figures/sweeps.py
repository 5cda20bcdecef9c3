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
        without, with_bn = (short(array(rates)[values.min(1) > 0.5].max(initial=0)) for values in found)
        return tell(f"All seeds learn up to rate {without} without, {with_bn} with", rates, found)
    return draw


def against_init(fig):
    """Accuracy against a factor on all initial weights, without and with BatchNorm.

    draw(factors, plain, bn): factors (R,); plain and bn (R, K), accuracies of K seeds."""
    tell, paint = sweep(fig, "factor on the initial weights", (0.01, 0.1, 1, 10), (0.007, 28), PLAIN_AND_BN)

    def draw(factors, plain, bn):
        found = paint(factors, plain, bn)
        fine, better = ((values.mean(1) > 0.5).sum() for values in found)
        finding = f"Learns at {fine} of {len(factors)} factors without, {better} with BatchNorm"
        return tell(finding, factors, found)
    return draw


def against_pixels(fig):
    """Accuracy against the learning rate for three scales of the same images.

    draw(rates, wide, unit, standard): rates (R,); three times (R, K) for pixels 0 to 255, 0 to 1, and
    standardized."""
    kinds = ("pixels 0 to 255", raw), ("pixels 0 to 1", truth), ("standardized", normalized)
    tell, paint = sweep(fig, "learning rate", (1e-3, 0.01, 0.1, 1), (2e-4, 1.5), kinds)

    def draw(rates, wide, unit, standard):
        found = paint(rates, wide, unit, standard)
        a, b, c = (values.mean(1).max() for values in found)
        return tell(f"Best of {len(rates)} rates: {a:.2f}, {b:.2f} and {c:.2f}", rates, found)
    return draw

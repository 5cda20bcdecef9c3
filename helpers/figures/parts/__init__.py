"""What several pictures take: words, numbers on their way into a picture, axes, panels of experiments."""
from .axes import area, beside, diagram, inside, key, keys, moving, ticks
from .numbers import apart, array, best_line, broken, jitter, smooth
from .panels import band, errors, means, sweep
from .words import haloed, headline, listed, percent, plural, short, ten_to

__all__ = ["apart", "area", "array", "band", "beside", "best_line", "broken", "diagram", "errors",
           "haloed", "headline", "inside", "jitter", "key", "keys", "listed", "means", "moving", "percent",
           "plural", "short", "smooth", "sweep", "ten_to", "ticks"]

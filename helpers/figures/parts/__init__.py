"""What several pictures take: words, numbers on their way into a picture, panels of experiments."""
from .numbers import array, best_line, broken, smooth
from .panels import band, diagram, errors, keys, sweep
from .words import Words, haloed, headline, percent, plural, short

__all__ = ["Words", "array", "band", "best_line", "broken", "diagram", "errors", "haloed", "headline", "keys", "percent", "plural",
           "short", "smooth", "sweep"]

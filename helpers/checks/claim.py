"""The measured sentence after a result."""
import json
import math
import os
from functools import lru_cache
from pathlib import Path

import torch

from .comparing import short

LINE = 96  # characters: what a page shows without breaking a word


def claim(sentence, values, *, of, above=-math.inf, below=math.inf, at_least=None, over="seeds"):
    """Print a sentence with what was measured; raise AssertionError where it does not hold.

    With other draws than the set's own (HELPERS_SEED, HELPERS_DATA) it then says what was found, and the page
    goes on; HELPERS_STRICT=1, which the tests set, raises there too.

    of: the quantity and its unit, "loss without minus with, in nats". values, one of
    - (K,) numbers, one a seed (paired differences where two things are compared), five seeds at least: holds
      where the 95 % interval of their mean (Student's t) lies between above and below, the limits left out;
    - (K,) booleans, one a seed, five at least: holds where at least `at_least` are True (all, by default); of
      names what is counted;
    - one number, where nothing is random: holds where it lies between above and below.
    over: what the K values are one each of, where they are not seeds: "data sets".
    Raises ValueError for values of another kind, no limit, or numbers that are all the same.
    """
    yes_no = torch.as_tensor(values).dtype == torch.bool
    values = torch.as_tensor(values, dtype=torch.bool if yes_no else torch.float64).detach().cpu()
    if values.dim() > 1 or values.dim() == 1 and len(values) < 5:
        raise ValueError(f"got values of shape {tuple(values.shape)}: expected one a seed, "
                         "of five seeds at least, or one exact number")
    if yes_no:
        holds, found = counted(values, of, above, below, at_least, over)
    elif at_least is not None:
        raise ValueError("at_least counts seeds: it needs yes or no for each, e.g. values > 0.5")
    else:
        holds, found = measured(values, of, above, below, over)
    if not holds and (own_draws() or os.environ.get("HELPERS_STRICT")):
        raise AssertionError(f"does not hold here: {sentence} Measured {found}")
    lines = found if len(found) <= LINE else found.replace("; 95 %", "\n  95 %")
    if holds:
        print(f"✓ {sentence}\n  {lines}")
    else:
        print(f"✗ Not with these draws: {sentence}\n  {lines}{elsewhere(sentence)}")


def elsewhere(sentence):
    """At how many seeds the ledger of all claims (tests/truth.json) says that this one holds, as a line."""
    rows = [claims[sentence] for claims in ledger().values() if sentence in claims]
    return f"\n  It holds at {rows[0][0]} of {rows[0][1]} other seeds." if len(rows) == 1 else ""


@lru_cache
def ledger():
    """{notebook: {sentence: counts}}; empty where neither a checkout nor an installation brings it."""
    here = Path(__file__).resolve().parents[1]
    places = here.parent / "tests/truth.json", here / "_embedded/truth.json"
    file = next((place for place in places if place.is_file()), None)
    return json.loads(file.read_text("utf-8")) if file else {}


def own_draws():
    """Whether the draws are those with which the notebooks are stored and tested."""
    return os.environ.get("HELPERS_SEED", "0") == "0" and not os.environ.get("HELPERS_DATA")


def counted(values, of, above, below, at_least, over):
    """Whether enough of the seeds say yes, and how many do."""
    if not values.dim() or math.isfinite(above) or math.isfinite(below):
        raise ValueError("yes or no (booleans) is counted over seeds, at_least=: "
                         "for above= and below= hand over the numbers")
    n, yes = len(values), int(values.sum())
    need = n if at_least is None else at_least
    if not 0 < need <= n:
        raise ValueError(f"at_least={need}: expected 1 to {n}, the number of seeds")
    claimed = "" if yes == need == n else f"; claimed at least {need}"
    return yes >= need, f"{of}: {yes} of {n} {over}{claimed}"


def measured(values, of, above, below, over):
    """Whether the mean of the values lies surely between the limits, and the line that says so."""
    given = {"above": above, "below": below}
    limits = " and ".join(f"{word} {limit:g}" for word, limit in given.items() if math.isfinite(limit))
    if not limits or not above < below:
        raise ValueError("a claim needs a limit: above=, below= or both, above less than below; "
                         f"got above={above:g}, below={below:g}")
    quantity, _, unit = of.partition(", in ")
    broken = int((~values.isfinite()).sum())
    if broken:
        some = f"{broken} of {values.numel()} {over} diverged (no finite number)"
        return False, f"{quantity}: {some if values.dim() else 'not a finite number'}"
    low, high, found = interval(values, unit and f" {unit}", over)
    return above < low and high < below, f"{quantity}: {found}; claimed {limits}"


def interval(values, unit, over):
    """95 % interval of the mean, low and high, and what to say of it; of one exact number itself."""
    if not values.dim():
        return values.item(), values.item(), short(values) + unit
    n, mean, sd = len(values), values.mean().item(), values.std().item()
    if sd == 0:
        raise ValueError(f"all {n} values are {mean:g}: were the seeds different? "
                         "If they may well be equal, count: values > limit, at_least=")
    half = student(0.025, n - 1) * sd / math.sqrt(n)
    low, high = mean - half, mean + half
    return low, high, (f"mean {short(mean)}{unit}, sd {short(sd, 2)} ({n} {over}); "
                       f"95 % interval {short(low)} to {short(high)}")


@lru_cache
def student(share, df):
    """The value that Student's t with df degrees of freedom exceeds with chance `share`, to four digits:
    t = √df · tan(angle), and the density of the angle, cos(angle)^(df - 1), is added up.

    Raises ValueError unless 0.0001 <= share < 0.5 and df is 3 or more."""
    if not 1e-4 <= share < 0.5 or df < 3:
        raise ValueError(
            f"{share=}, {df=}: expected a chance from 0.0001 to 0.5 and 3 or more degrees of freedom")
    angle = torch.linspace(0, math.pi / 2, 1_000_001, dtype=torch.float64)
    below = torch.cumulative_trapezoid(angle.cos() ** (df - 1), angle)
    return math.sqrt(df) * angle[1 + int((below < (1 - 2 * share) * below[-1]).sum())].tan().item()

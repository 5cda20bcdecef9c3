"""Plumbing of the notebooks: what a learner need not read. The layer being taught stands in notebooks.

`from helpers import ...` brings what a notebook names and loads nothing else.
"""
HOMES = {name: home for home, names in {
    "checks.claim": "claim",
    "checks.oracle": "ASPECTS compare same_as_torch",
    "checks.predict": "predict",
    "experiments": "processes",
    "experiments.data": "load noisy_line present two_features",
    "experiments.models": "Dropout LeNet SideBySide cnn mlp scaled sigmoid_net small_cnn",
    "experiments.probes": "activations inputs",
    "experiments.seeds": "base generator seeds",
    "experiments.training": "accuracy cross_entropy fit fit_many last mean_loss outputs steps_to",
    "labs.controls": "again log one_of",
    "labs.live": "live show",
    "session": "report start",
}.items() for name in names.split()}

__all__ = [*HOMES, "figures", "lessons"]


def __getattr__(name):
    """A name at its first use, from the module it lives in."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = __import__(f"{__name__}.{HOMES[name]}", fromlist=[name])
    return globals().setdefault(name, getattr(home, name))


def __dir__():
    return sorted({*globals(), *__all__})

"""Plumbing of the notebooks: what a learner need not read. The layer being taught stands in notebooks.

`from helpers import ...` brings what a notebook names and loads nothing else.
"""
from sys import modules

HOMES = {name: home for home, names in {
    "checks.claim": "claim student",
    "checks.checkup": "checkup",
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


def late(package, homes):
    """(__getattr__, __dir__) of a package whose names, {name: its module}, are loaded when first used."""
    def load(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = __import__(f"{package}.{homes[name]}", fromlist=[name])
        return vars(modules[package]).setdefault(name, getattr(home, name))
    return load, lambda: sorted({*vars(modules[package]), *homes})


__getattr__, __dir__ = late(__name__, HOMES)

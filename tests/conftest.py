"""For all tests."""
import pytest


def pytest_collection_modifyitems(items):
    """A browser wants the machine to itself: `make test` runs what is marked `alone` after the rest."""
    for item in items:
        if "browser" in item.path.parts: item.add_marker(pytest.mark.alone)

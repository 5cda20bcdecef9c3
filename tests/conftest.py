"""For all tests."""
import pytest


def pytest_collection_modifyitems(items):
    """What drives a browser runs apart from the rest."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)

"""For all tests."""
import pytest

LONG = "test_processes.py", "test_colab.py", "test_labs.py", "test_warm.py"


def pytest_collection_modifyitems(items):
    """What drives a browser runs apart from the rest; what takes seconds comes first, so that both workers
    end at the same time."""
    items.sort(key=lambda item: item.path.name not in LONG)
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)

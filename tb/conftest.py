"""How the long tests are chosen."""

import zlib

import pytest

SAMPLE = 8
"""One slow test of this many runs by default; which one is fixed by its name."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow",
        choices=("none", "sample", "all"),
        default="sample",
        help=f"which of the tests marked slow to run: none, one of {SAMPLE} (default), all",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    choice = config.getoption("--slow")
    named = any("::" in argument for argument in config.args)
    if choice == "all" or named:
        return

    def left_out(item: pytest.Item) -> bool:
        if item.get_closest_marker("slow") is None:
            return False
        return choice == "none" or zlib.crc32(item.nodeid.encode()) % SAMPLE != 0

    deselected = [item for item in items if left_out(item)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if not left_out(item)]

"""What a test needs of the machine, and what becomes of it where that is missing."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def left_out(reason: str) -> NoReturn:
    """Leave the test out and say why; in CI, which installs what tests need, it fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)

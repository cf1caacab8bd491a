"""Libraries that only some calls need, imported when they do."""

from __future__ import annotations

import importlib
from types import ModuleType


def need(name: str, purpose: str) -> ModuleType:
    """The module ``name``; ImportError saying what it is for and how to get it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        top = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise
        raise ImportError(
            f"[{purpose}] {top} is not installed, expected it for this call: pip install {top}"
        ) from error

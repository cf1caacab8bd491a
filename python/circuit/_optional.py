"""Libraries that only some calls need, imported when they do."""

import importlib


def need(name, purpose):
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

"""Arguments that the library takes as given, checked where they come in."""

from __future__ import annotations

from collections.abc import Iterable


def count(name: str, value: int) -> int:
    """``value``; ValueError when it is below 0."""
    if value < 0:
        raise ValueError(f"[{name}] is {value}, expected 0 or more")
    return value


def texts(name: str, values: str | Iterable[str]) -> list[str]:
    """One text or several as a list; TypeError when one is none."""
    listed = [values] if isinstance(values, str) else list(values)
    for value in listed:
        if not isinstance(value, str):
            raise TypeError(f"[{name}] {value!r} is no text, expected texts")
    return listed

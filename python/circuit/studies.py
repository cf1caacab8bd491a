"""Experiments that a file describes (docs/studies.md), and what they wrote."""

from __future__ import annotations

import csv
import json
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from circuit._arguments import count
from circuit._program import run

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBERS = {
    **dict.fromkeys(("strength", "value", "estimate", "low", "high"), "f8"),
    **dict.fromkeys(("n", "clusters"), "i8"),
}


def study(
    file: str | PathLike[str],
    out: str | PathLike[str] = ".",
    *,
    model: str | PathLike[str] | None = None,
    transcoders: str | PathLike[str] | None = None,
    seed: int | None = None,
    limit: int | None = None,
    force: bool = False,
    threads: int = 0,
) -> Study:
    """Runs the study of a YAML file and returns what it wrote to the folder ``out``.

    It runs in the program of this package, a process of its own. Ended by Ctrl-C or killed, the
    same call goes on where it was. A study that does not reach what it claims is no error; cells
    that failed are: ProgramError, and ``load_study(out)`` has the rest.

    model, transcoders, seed: in place of the file's. limit: test at most so many prompts or pairs
    of each split and group. force: take supernode files made for other transcoders.
    """
    options: list[object] = ["--out", out, "--threads", count("threads", threads)]
    for name, value in [("model", model), ("transcoders", transcoders), ("seed", seed)]:
        options += [] if value is None else [f"--{name}", value]
    options += [] if limit is None else ["--limit", limit]
    options += ["--force"] if force else []
    report = json.loads(run("study", file, *options, "--json", "--quiet"))
    return Study(Path(out), report)


def load_study(folder: str | PathLike[str]) -> Study:
    """What a study wrote to a folder, finished or not."""
    folder = Path(folder)
    if not (folder / "results.csv").exists():
        raise RuntimeError(f"[load_study] {folder}: no results.csv, expected a folder of a study")
    return Study(folder)


class Study:
    """What a study wrote. Tables are structured arrays: ``pandas.DataFrame(study.summary)``."""

    def __init__(self, folder: Path, report: dict[str, Any] | None = None) -> None:
        self.folder = folder
        #: What the run said of itself: counts, verdicts, files; None of one that was loaded.
        self.report = report

    def __repr__(self) -> str:
        return f"<circuit.Study {str(self.folder)!r}>"

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """Of each group and intervention, whether the file's claim holds; empty without a run."""
        return self.report["verdicts"] if self.report else []

    @property
    def results(self) -> NDArray[np.void]:
        """A row a cell and metric; strength is NaN where there is none."""
        return _read_table(self.folder / "results.csv")

    @property
    def summary(self) -> NDArray[np.void]:
        """A row a group, intervention, control, strength and metric, with 95 % intervals."""
        return _read_table(self.folder / "summary.csv")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Cells that failed."""
        path = self.folder / "errors.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _read_table(path: Path) -> NDArray[np.void]:
    with open(path, encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    types = [(name, _NUMBERS.get(name, "O")) for name in names]
    table = np.empty(len(rows), dtype=types)
    for name, column in zip(names, zip(*rows) if rows else [()] * len(names)):
        number = name in _NUMBERS
        table[name] = [value or "nan" for value in column] if number else list(column)
    return table

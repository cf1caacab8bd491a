"""The program ``circuit`` that the package brings along."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

_FOLDER = Path(__file__).parent / "program"


class ProgramError(RuntimeError):
    """The program failed: the line that it gave, and its exit ``status``."""

    def __init__(self, line: str, status: int) -> None:
        super().__init__(line)
        self.status = status


def program_path() -> Path:
    """Where the program is."""
    path = _FOLDER / "bin" / "circuit"
    if not path.exists():
        raise RuntimeError(f"[run] {path}: no such file, expected the program of this package")
    return path


def demo_folder() -> Path:
    """The bundled demo, with ``model`` and ``clt`` in it."""
    folder = _FOLDER / "share" / "circuit" / "demo"
    if not (folder / "model" / "config.json").exists():
        raise RuntimeError(f"[load] {folder}: no demo, expected the one of this package")
    return folder


def run(*arguments: object) -> str:
    """Runs the program, as on the command line, and returns what it printed.

    >>> circuit.run("score", "petit.graph.safetensors", "--json")

    Warnings go to ``sys.stderr`` as they come. Raises ProgramError with the program's own line when
    it fails.
    """
    command = [str(program_path()), *(str(argument) for argument in arguments)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        with subprocess.Popen(
            command, stdout=output, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        ) as process:
            try:
                last = _pass_on(process.stderr or ())
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            line = last.strip() or f"circuit ended with {process.returncode}"
            raise ProgramError(line.removeprefix("circuit: "), process.returncode)
        print(last, end="", file=sys.stderr)
        output.seek(0)
        return output.read()


def _pass_on(lines: Iterable[str]) -> str:
    """Writes lines to standard error but for the last, which says why a program failed."""
    last = ""
    for line in lines:
        print(last, end="", file=sys.stderr)
        last = line
    return last

"""``python -m circuit …`` and the command ``circuit``: the program of the package."""

from __future__ import annotations

import os
import sys

from circuit._program import program_path


def main() -> None:
    path = str(program_path())
    os.execv(path, [path, *sys.argv[1:]])


if __name__ == "__main__":
    main()

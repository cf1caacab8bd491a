#!/usr/bin/env python3
"""Writes sums.csv: the operands of sums_map.yaml, every third number below 100.

    python3 examples/studies/make_sums_table.py
"""

import pathlib

OPERANDS = range(0, 100, 3)


def main():
    rows = ["id,operand_a,operand_b,sum,answer"]
    rows += [f"{a}+{b},{a},{b},{a + b}, {a + b}" for a in OPERANDS for b in OPERANDS]
    path = pathlib.Path(__file__).parent / "sums.csv"
    path.write_text("".join(row + "\n" for row in rows))


if __name__ == "__main__":
    main()

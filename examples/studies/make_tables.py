#!/usr/bin/env python3
"""Writes the tables of README.md from results/*.csv, which are the summary.csv of whole runs.

    python3 examples/studies/make_tables.py
"""

import csv
import pathlib
import re

HERE = pathlib.Path(__file__).parent
SWAPS = ["language", "concept", "two_hop", "facts", "sums", "successors", "repetition",
         "indirect_object", "agreement"]
PLACES = ["concept_places", "two_hop_places"]
CONTROLS = ["random_matched", "wrong_concept", "activation"]  # a claim must beat these
THRESHOLD, FEWEST_CLUSTERS = 0.7, 30


def test_rows(study):
    path = HERE / "results" / f"{study}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file)
                if row.get("split", "test") == "test" and row["metric"] == "top1"]


def percent(row):
    if row is None:
        return "–"
    value, low, high = (f"{100 * float(row[key]):.0f}" for key in ("estimate", "low", "high"))
    return f"{value} [{low}, {high}]"


def verdict(own, controls):
    if int(own["clusters"]) < FEWEST_CLUSTERS:
        return f"{own['clusters']} clusters: not judged"
    if float(own["estimate"]) < THRESHOLD:
        return "not reached"
    beaten = [row for row in controls if row and float(own["low"]) > float(row["high"])]
    if len(beaten) < len(controls):
        return "above 70 %, not above controls" if all(controls) else "a control is missing: not judged"
    return "**holds**"


def swap_table():
    yield ("| study | family | chosen on dev | n | answer exchanged | random | wrong third | "
           "by activation | embedding alone | whole places | |")
    yield "|" + "---|" * 11
    for study in SWAPS:
        by_family = {}
        for row in test_rows(study):
            if row["intervention"] != "none":
                by_family.setdefault(row["family"], {})[row["control"]] = row
        for family, rows in by_family.items():
            own = rows[""]
            controls = [rows.get(control) for control in CONTROLS]
            cells = [f"`{study}`", f"`{family}`",
                     f"{own['intervention']}, ×{own['strength']}", own["n"], percent(own),
                     *map(percent, controls), percent(rows.get("embedding")),
                     percent(rows.get("whole_position")), verdict(own, controls)]
            yield "| " + " | ".join(cells) + " |"


def smallest(rows):
    """The fewest tokens and layers that reach the threshold; of several the highest rate."""
    def size(row):
        places, layers = row["intervention"].split()
        first, _, last = layers.partition("..")
        return (1 + (places == "both")) * (int(last or first) - int(first) + 1)

    reached = [row for row in rows if float(row["estimate"]) >= THRESHOLD]
    return min(reached, key=lambda row: (size(row), -float(row["estimate"])), default=None)


def place_table():
    yield "| study | family | n | smallest set of places that reaches 70 % | the best of all sets |"
    yield "|---|---|---|---|---|"
    for study in PLACES:
        by_family = {}
        for row in test_rows(study):
            if row["intervention"] != "none":
                by_family.setdefault(row["family"], []).append(row)
        for family, rows in by_family.items():
            least, best = smallest(rows), max(rows, key=lambda row: float(row["estimate"]))
            shown = [f"{row['intervention']}: {percent(row)}" if row else "none"
                     for row in (least, best)]
            yield f"| `{study}` | `{family}` | {best['n']} | {shown[0]} | {shown[1]} |"


def main():
    path = HERE / "README.md"
    text = path.read_text(encoding="utf-8")
    for name, table in (("swaps", swap_table()), ("places", place_table())):
        body = "\n".join(table)
        text = re.sub(rf"(<!-- {name} -->\n).*?(<!-- end -->)",
                      lambda found: found[1] + "\n" + body + "\n\n" + found[2], text,
                      flags=re.DOTALL)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

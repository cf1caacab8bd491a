"""The example in cells runs as a script."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "python" / "explore.py"


def test_the_example_runs_and_shows_a_circuit(tmp_path):
    result = subprocess.run(
        [sys.executable, EXAMPLE, tmp_path], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    output = result.stdout
    assert "<circuit.Graph 'le contraire de petit est': 419 nodes" in output
    assert "' grand' with p = 0.998" in output
    assert (tmp_path / "petit.svg").read_text().startswith("<?xml")
    most, least = (
        [float(number) for number in re.search(f"{side}: +(.*)", output)[1].split()]
        for side in ("most influential", "least")
    )
    assert len(most) == len(least) == 5
    assert most[0] > 1  # nats: without its strongest feature the answer is another
    assert max(map(abs, least)) < 0.01
    assert re.search(r"^' grand' +99\.77% +0\.\d\d% ", output, re.MULTILINE)
    assert re.search(r"^KL \d+\.\d+ nats$", output, re.MULTILINE)


def test_cells_are_marked_for_notebooks():
    lines = EXAMPLE.read_text().splitlines()
    cells = [line for line in lines if line.startswith("# %%")]
    assert len(cells) >= 10
    assert any(line == "# %% [markdown]" for line in cells)

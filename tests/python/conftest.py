import json

import circuit
import numpy as np
import pytest

PROMPT = "le contraire de petit est"


@pytest.fixture(scope="session")
def model():
    return circuit.load()


@pytest.fixture(scope="session")
def graph(model):
    return model.trace(PROMPT)


@pytest.fixture(scope="session")
def traced(tmp_path_factory):
    """The same by the program: its report, and the folder with its files."""
    folder = tmp_path_factory.mktemp("program")
    report = circuit.run(
        "trace",
        "--prompt",
        PROMPT,
        "--name",
        "petit",
        "--out",
        folder,
        "--format",
        "json,svg",
        "--save-graph",
        "--json",
        "--quiet",
    )
    return json.loads(report), folder


@pytest.fixture(scope="session")
def tensors(traced):
    """The tensors of the program's graph file, read without the package."""
    return read_safetensors(traced[1] / "petit.graph.safetensors")


def read_safetensors(path):
    types = {"I32": "<i4", "I64": "<i8", "F32": "<f4", "F64": "<f8", "U8": "u1"}
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(
            entry["shape"]
        )
    return tensors

"""What needs a process of its own: signals, and two LibTorches."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import circuit
import pytest


def run(code, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_ctrl_c_ends_a_trace():
    """Traces without end; the signal must leave as KeyboardInterrupt and the model stay usable."""
    code = """
        import circuit, os, signal
        model = circuit.load()
        calls = []
        def progress(stage, done, total):
            calls.append(done)
            os.kill(os.getpid(), signal.SIGINT)
        try:
            while True:
                model.trace("le contraire de petit est", progress=progress)
        except KeyboardInterrupt:
            print("interrupted", len(model.trace("le contraire de petit est").targets))
    """
    result = run(code)
    assert result.stdout == "interrupted 1\n", result.stderr


def test_ctrl_c_from_outside_ends_a_generation():
    code = """
        import circuit
        model = circuit.load()
        print("ready", flush=True)
        try:
            while True:
                model.generate("le contraire de petit est", max_tokens=5)
        except KeyboardInterrupt:
            print("interrupted")
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"


def test_graphs_need_no_libtorch(traced):
    code = f"""
        import circuit, sys
        graph = circuit.load_graph({str(traced[1] / "petit.graph.safetensors")!r})
        graph.prune().svg(), graph.influence(), graph.edges, graph.to_networkx()
        maps = open("/proc/self/maps").read()
        print("libtorch" in maps, "circuit._model" in sys.modules)
    """
    assert run(code).stdout == "False False\n"


@pytest.fixture
def other_torch(tmp_path):
    """A package that calls itself torch and has its own folder of libraries."""
    (tmp_path / "torch" / "lib").mkdir(parents=True)
    (tmp_path / "torch" / "__init__.py").write_text("imported = True\n")
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def test_another_torch_before_is_refused(other_torch):
    code = """
        import torch, circuit
        try:
            circuit.load()
        except RuntimeError as error:
            print(error)
    """
    line = run(code, env=other_torch).stdout
    assert line.startswith("[load] torch of ")
    assert "expected one LibTorch in a process" in line
    assert line.count("\n") == 1


def test_another_torch_afterwards_is_refused(other_torch):
    code = """
        import circuit, importlib.util
        circuit.load()
        print(importlib.util.find_spec("torch") is not None)
        try:
            import torch
        except ImportError as error:
            print(error)
    """
    lines = run(code, env=other_torch).stdout.splitlines()
    assert lines[0] == "True"
    assert lines[1].startswith("[import torch] circuit has opened the LibTorch of ")


def test_python_m_circuit_is_the_program():
    result = subprocess.run(
        [sys.executable, "-m", "circuit", "--version"], capture_output=True, text=True
    )
    assert result.returncode == 0
    assert circuit.__version__ in result.stdout


def test_the_same_libtorch_may_be_imported(tmp_path):
    """A torch whose libraries are the ones circuit was built on is no other."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("imported = True\n")
    (tmp_path / "torch" / "lib").symlink_to(circuit._graph.libtorch_folder)
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    for first, second in [("import torch", "circuit.load()"), ("circuit.load()", "import torch")]:
        result = run(f"import circuit\n{first}\n{second}\nprint(torch.imported)", env=environment)
        assert result.stdout == "True\n", result.stderr

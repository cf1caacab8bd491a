"""One LibTorch per process.

Two different ones crash each other: their C++ symbols are unique in a process however they are
opened. So this package does not open its own beside a ``torch`` that has another, and once it has
opened it, importing such a ``torch`` is an ImportError in place of a crash. Built on the torch of
pip (``CIRCUIT_TORCH_DIR``), both share one.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from circuit import _graph

_ADVICE = (
    "expected one LibTorch in a process: trace in another process, or build circuit on this torch "
    "(CIRCUIT_TORCH_DIR=FOLDER_OF_TORCH pip install .)"
)


def _is_ours(package_folder: str) -> bool:
    own = Path(_graph.libtorch_folder).resolve()
    return any((Path(package_folder) / part).resolve() == own for part in ("lib", "."))


class _RefusedTorch(importlib.abc.Loader):
    def create_module(self, spec):
        raise ImportError(
            f"[import torch] circuit has opened the LibTorch of {_graph.libtorch_folder}; "
            + _ADVICE
        )

    def exec_module(self, module):
        raise AssertionError("never made")


class _TorchGuard(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or any(map(_is_ours, spec.submodule_search_locations or ())):
            return spec
        return importlib.util.spec_from_loader(name, _RefusedTorch(), origin=spec.origin)


def open_model_module() -> ModuleType:
    """The module ``circuit._model``; RuntimeError beside a torch that has another LibTorch."""
    if "circuit._model" in sys.modules:
        return sys.modules["circuit._model"]
    torch = sys.modules.get("torch")
    if torch is not None and not any(map(_is_ours, torch.__path__)):
        raise RuntimeError(
            f"[load] torch of {torch.__path__[0]} is imported and circuit was built on the "
            f"LibTorch of {_graph.libtorch_folder}; " + _ADVICE
        )
    # OpenBLAS starts its threads when it is opened; each product of ours is on one thread.
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        from circuit import _model
    finally:
        del os.environ["OPENBLAS_NUM_THREADS"]
        if before is not None:
            os.environ["OPENBLAS_NUM_THREADS"] = before
    sys.meta_path.insert(0, _TorchGuard())
    return _model

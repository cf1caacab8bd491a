"""Tracing and interventions on a model; importing it loads LibTorch."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from circuit._graph import AttributionGraph

class LoadOptions:
    def __init__(
        self,
        model: str | PathLike[str],
        transcoders: str | PathLike[str],
        sae: str | PathLike[str],
        dtype: str,
        threads: int,
        device: str,
        tf32: bool,
    ) -> None: ...

class Prompt:
    @staticmethod
    def of_text(text: str, bos: str) -> Prompt: ...
    @staticmethod
    def of_ids(ids: Sequence[int]) -> Prompt: ...
    @staticmethod
    def of_chat(messages: Sequence[tuple[str, str]], reply: bool | None, date: str) -> Prompt: ...

class TargetOptions:
    def __init__(
        self, max_logits: int = ..., logit_probability: float = ..., named: Sequence[str] = ...
    ) -> None: ...

class AttributionOptions:
    def __init__(
        self,
        targets: TargetOptions = ...,
        max_features: int = ...,
        memory_bytes: int = ...,
        similarity: bool = ...,
        zero_positions: int | None = ...,
    ) -> None: ...

class Verification:
    @property
    def perturbed_sources(self) -> int: ...
    @property
    def checked_edges(self) -> int: ...
    @property
    def largest_error(self) -> float: ...
    @property
    def worst(self) -> str: ...

class Tracer:
    def __init__(self, options: LoadOptions) -> None: ...
    def trace(
        self,
        prompt: Prompt,
        options: AttributionOptions,
        progress: Callable[[str, int, int], object] | None,
    ) -> tuple[AttributionGraph, dict[str, float]]: ...
    def with_labels(self, graph: AttributionGraph, mask: NDArray[np.bool_]) -> AttributionGraph: ...
    def verify(self, graph: AttributionGraph, samples: int, seed: int) -> Verification: ...
    def encode(self, prompt: Prompt) -> list[int]: ...
    def token_text(self, id: int) -> str: ...
    @property
    def model_name(self) -> str: ...

class SamplingOptions:
    def __init__(self, temperature: float = ..., top_p: float = ..., seed: int = ...) -> None: ...

class GenerateOptions:
    def __init__(
        self,
        max_tokens: int,
        sampling: SamplingOptions,
        stop: Sequence[str],
        intervention: Intervention,
    ) -> None: ...

class Generation:
    @property
    def prompt_ids(self) -> list[int]: ...
    @property
    def ids(self) -> list[int]: ...
    @property
    def tokens(self) -> list[str]: ...
    @property
    def probabilities(self) -> list[float]: ...
    @property
    def text(self) -> str: ...
    @property
    def end(self) -> str: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def seconds(self) -> float: ...

class Explorer:
    def __init__(self, options: LoadOptions) -> None: ...
    def encode(self, prompt: Prompt) -> list[int]: ...
    def token_text(self, id: int) -> str: ...
    def active_features(
        self,
        prompt: Prompt,
        top: int,
        layers: Sequence[int],
        names: bool,
        zero_positions: int | None,
    ) -> dict[str, Any]: ...
    def generate(
        self,
        prompt: Prompt,
        options: GenerateOptions,
        write: Callable[[str], object] | None,
    ) -> Generation: ...

class Steering:
    def __init__(self, layer: int, vector: ArrayLike, alpha: float, positions: str) -> None: ...

class Swap:
    def __init__(
        self,
        kind: str,
        source: Prompt,
        map: Sequence[tuple[int, int]],
        layers: tuple[int, int] | None,
    ) -> None: ...

class Intervention:
    def __init__(
        self,
        edits: Sequence[str],
        steer: Sequence[Steering],
        swaps: Sequence[Swap],
        freeze: str,
        constrained: tuple[int, int] | None,
    ) -> None: ...

def outcomes(
    explorer: Explorer,
    prompt: Prompt,
    interventions: Sequence[Intervention],
    all_positions: bool,
    activations: bool,
    zero_positions: int | None,
) -> list[tuple[NDArray[np.float32], NDArray[np.void], list[str]]]: ...
def written_norm(explorer: Explorer, changes: Sequence[tuple[int, int, int, float]]) -> float: ...

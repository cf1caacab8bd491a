"""A language model with its transcoders."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from os import PathLike
from types import ModuleType
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from circuit._arguments import count, texts
from circuit._libtorch import open_model_module
from circuit._program import demo_folder
from circuit.graph import Graph
from circuit.interventions import Effect, Intervention, Outcome

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from circuit import _model

Prompt = Union[str, Sequence[int], Sequence[Mapping[str, str]]]


def load(
    model: str | PathLike[str] | None = None,
    transcoders: str | PathLike[str] | None = None,
    *,
    sae: str | PathLike[str] | None = None,
    dtype: str = "f32",
    threads: int = 0,
    device: str = "cpu",
    tf32: bool = False,
) -> Model:
    """Loads a model and the transcoders (or the sparse autoencoder) made for it.

    model: Hugging Face directory or GGUF file. transcoders, sae: directories. With none of the
    three: the bundled demo. dtype: "f32", "bf16" or "f64". threads: 0 = all cores; results do not
    depend on it. device: "cpu", "cuda" or "cuda:N", where the package was built for it.

    Raises RuntimeError when something cannot be read or does not fit. One model at a time per
    process sets the number of threads.
    """
    if model is None and transcoders is None and sae is None:
        demo = demo_folder()
        model, transcoders = demo / "model", demo / "clt"
    if model is None:
        raise ValueError("[load] transcoders or sae without model, expected both, or neither")
    if transcoders is not None and sae is not None:
        raise ValueError("[load] transcoders and sae, expected one of the two")
    core = open_model_module()
    options = core.LoadOptions(
        model, transcoders or "", sae or "", dtype, count("threads", threads), device, tf32
    )
    return Model(core, options, name=str(model), traces=transcoders is not None)


class Model:
    """What ``load`` gives. Prompts are a text, a list of token ids, or a chat: a list of
    ``{"role": …, "content": …}``.

    Python's lock is released in long calls, but one call at a time: each uses all threads. Ctrl-C
    ends a trace at the next batch of features, and a generation at the next token.
    """

    def __init__(
        self, core: ModuleType, options: _model.LoadOptions, *, name: str, traces: bool
    ) -> None:
        self._module = core
        self._options = options
        self._name = name
        self._traces = traces
        # What is wrong shows at once; the other half is loaded when it is asked for.
        _ = self._tracer if traces else self._explorer

    @cached_property
    def _tracer(self) -> _model.Tracer:
        if not self._traces:
            raise ValueError("[trace] the model was loaded without transcoders, expected them")
        return self._module.Tracer(self._options)

    @cached_property
    def _explorer(self) -> _model.Explorer:
        return self._module.Explorer(self._options)

    @property
    def _any(self) -> _model.Tracer | _model.Explorer:
        return self._tracer if "_tracer" in self.__dict__ else self._explorer

    def __repr__(self) -> str:
        return f"<circuit.Model {self._name}>"

    def _prompt(self, prompt: Prompt, bos: str = "") -> _model.Prompt:
        if isinstance(prompt, str):
            return self._module.Prompt.of_text(prompt, bos)
        items: list[Any] = list(prompt)
        if all(isinstance(item, Mapping) for item in items) and items:
            messages = [(item["role"], item["content"]) for item in items]
            return self._module.Prompt.of_chat(messages, None, "")
        if all(isinstance(item, numbers.Integral) for item in items):
            return self._module.Prompt.of_ids([int(item) for item in items])
        raise ValueError(
            "[prompt] expected a text, a list of token ids, or a list of messages with role and "
            "content"
        )

    def encode(self, prompt: Prompt, *, bos: str = "") -> list[int]:
        """The token ids of a prompt. bos: "" for the model's rule, "none", or an id."""
        return self._any.encode(self._prompt(prompt, bos))

    def token_text(self, token_id: int) -> str:
        """What a token is shown as."""
        return self._any.token_text(token_id)

    def trace(
        self,
        prompt: Prompt,
        *,
        targets: str | Iterable[str] = (),
        max_features: int = 7500,
        max_logits: int = 10,
        logit_probability: float = 0.95,
        similarity: bool = False,
        zero_positions: int | None = None,
        memory: int = 8 << 30,
        labels: bool = True,
        bos: str = "",
        progress: Callable[[str, int, int], object] | None = None,
    ) -> Graph:
        """Explains the next token of a prompt: a ``Graph``.

        targets: outputs to explain, " Austin", "#ID", or a difference " Austin- Dallas"; by default
        the most probable, at most ``max_logits`` and no more than cover ``logit_probability``.
        max_features: that become nodes, those of most influence; 0 = all.
        similarity: also find features with alike decoders.
        zero_positions: first positions without features; None = the model's rule.
        memory: bytes for the whole process; changes speed.
        labels: name the features that default pruning keeps by what they push up.
        progress: called with (stage, done, total).
        """
        options = self._module.AttributionOptions(
            self._module.TargetOptions(max_logits, logit_probability, texts("targets", targets)),
            max_features,
            memory,
            similarity,
            zero_positions,
        )
        core, seconds = self._tracer.trace(self._prompt(prompt, bos), options, progress)
        graph = Graph(core, seconds=seconds)
        return self.label(graph) if labels else graph

    def label(self, graph: Graph, nodes: ArrayLike | None = None) -> Graph:
        """The graph with names, by what they push up, for the features among ``nodes`` (numbers or
        a mask; by default those that default pruning keeps). Names that are there stay."""
        mask = graph.prune().node_mask if nodes is None else graph._mask(nodes)
        return Graph(self._tracer.with_labels(graph._core, mask), seconds=graph.seconds)

    def verify(self, graph: Graph, samples: int = 64, seed: int = 0) -> _model.Verification:
        """How exactly a graph agrees with the model with everything frozen: ``samples`` random
        sources are moved. Has largest_error, worst, checked_edges, perturbed_sources."""
        return self._tracer.verify(graph._core, count("samples", samples), seed)

    def active_features(
        self,
        prompt: Prompt,
        *,
        top: int = 5,
        layers: Iterable[int] = (),
        names: bool = True,
        zero_positions: int | None = None,
        bos: str = "",
    ) -> ActiveFeatures:
        """The features that fire on a prompt: an ``ActiveFeatures``.

        top: of each token, 0 = all. layers: empty = all. names: also what each pushes up.
        """
        return ActiveFeatures(
            **self._explorer.active_features(
                self._prompt(prompt, bos), count("top", top), list(layers), names, zero_positions
            )
        )

    def intervene(
        self,
        prompt: Prompt,
        edits: Intervention | str | Iterable[str] = (),
        *,
        all_positions: bool = False,
        activations: bool = False,
        zero_positions: int | None = None,
        bos: str = "",
        **options: Any,
    ) -> Effect:
        """The next token with features changed, beside the model as it is: an ``Effect``.

        edits: an ``Intervention``, or its edits, whose further options then are arguments here:
        ``steer``, ``swaps``, ``freeze``, ``constrained``.
        all_positions: logits behind every token. activations: also what fires.

        >>> model.intervene("le contraire de petit est", "4_436_-1=0", freeze="none")
        """
        intervention = _as_intervention(edits, options)
        before, after = self.outcomes(
            prompt,
            [Intervention(), intervention],
            all_positions=all_positions,
            activations=activations,
            zero_positions=zero_positions,
            bos=bos,
        )
        return Effect(before, after, self.encode(prompt, bos=bos), self.token_text)

    def outcomes(
        self,
        prompt: Prompt,
        interventions: Iterable[Intervention],
        *,
        all_positions: bool = False,
        activations: bool = False,
        zero_positions: int | None = None,
        bos: str = "",
    ) -> list[Outcome]:
        """The prompt with each ``Intervention``, independent of one another: ``Outcome``s. The
        prompt is read unchanged once, and interventions run in parallel."""
        found = self._module.outcomes(
            self._explorer,
            self._prompt(prompt, bos),
            [self._intervention(each, bos) for each in interventions],
            all_positions,
            activations,
            zero_positions,
        )
        return [Outcome(*each) for each in found]

    def _intervention(self, given: Intervention, bos: str) -> _model.Intervention:
        steer = [
            self._module.Steering(each.layer, each.vector, each.alpha, str(each.positions))
            for each in given.steer
        ]
        swaps = [
            self._module.Swap(each.what, self._prompt(each.source, bos), each.map, each.layers)
            for each in given.swaps
        ]
        return self._module.Intervention(given.edits, steer, swaps, given.freeze, given.constrained)

    def written_norm(self, changes: Iterable[tuple[int, int, int, float]]) -> float:
        """How much changes of activations (layer, position, feature, amount) write: the square
        root of the sum, over layers and positions, of the squared length of what is written there.
        """
        return self._module.written_norm(self._explorer, [tuple(change) for change in changes])

    def generate(
        self,
        prompt: Prompt,
        edits: Intervention | str | Iterable[str] = (),
        *,
        max_tokens: int = 40,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: str | Iterable[str] = (),
        bos: str = "",
        write: Callable[[str], object] | None = None,
        **options: Any,
    ) -> _model.Generation:
        """What the model writes behind a prompt. Has text, tokens, ids, probabilities, end,
        warnings.

        edits: as for ``intervene``, with its options; what has open positions (``"4_436_5..=x2"``)
        goes on while tokens are written.

        temperature 0: always the most probable token. write: called with the text as it comes.
        """
        return self._explorer.generate(
            self._prompt(prompt, bos),
            self._module.GenerateOptions(
                count("max_tokens", max_tokens),
                self._module.SamplingOptions(temperature, top_p, seed),
                texts("stop", stop),
                self._intervention(_as_intervention(edits, options), bos),
            ),
            write,
        )


def _as_intervention(
    edits: Intervention | str | Iterable[str], options: dict[str, Any]
) -> Intervention:
    if not isinstance(edits, Intervention):
        return Intervention(edits, **options)
    if options:
        raise TypeError(f"{next(iter(options))!r} belongs to the Intervention that is given")
    return edits


class ActiveFeatures:
    """The features that fire on a prompt."""

    def __init__(
        self,
        ids: list[int],
        tokens: list[str],
        layers: list[int],
        counts: list[int],
        features: NDArray[np.void],
        names: list[str],
    ) -> None:
        self.ids = ids
        self.tokens = tokens
        self.layers = layers  #: that have features
        self.counts = counts  #: of all that fire, by layer
        #: Structured array (layer, position, feature, activation), by position and activation.
        self.features = features
        self.names = names  #: of each, or empty

    def __len__(self) -> int:
        return len(self.features)

    def __repr__(self) -> str:
        return (
            f"<circuit.ActiveFeatures: {len(self)} of {int(np.sum(self.counts))} on {self.tokens}>"
        )

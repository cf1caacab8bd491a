"""Giving features other values, and what the model then says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from circuit._arguments import texts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Steering:
    """Adds ``alpha`` times ``vector`` [d_model] to the residual stream behind ``layer``.

    positions: "7", "-1" (the last), "3..5" (both in it), "3.." or "*" (all).
    """

    def __init__(
        self, layer: int, vector: ArrayLike, alpha: float = 1.0, positions: str | int = "*"
    ) -> None:
        self.layer = layer
        self.vector = vector
        self.alpha = alpha
        self.positions = positions


class Swap:
    """Takes values over from another prompt, ``source``.

    what: "features" (activations of all features), "mlp-outputs" (all that MLPs write) or
    "embedding" (what the tokens put into the residual stream).
    map: pairs of positions (here, there); empty = all, when both prompts have as many tokens.
    layers: (first, last), both in it; None = all.
    """

    def __init__(
        self,
        source: str | Sequence,
        what: str = "features",
        map: Iterable[tuple[int, int]] = (),
        layers: tuple[int, int] | None = None,
    ) -> None:
        self.source = source
        self.what = what
        self.map = [tuple(pair) for pair in map]
        self.layers = layers


class Intervention:
    """What is changed while a model reads a prompt; by default nothing.

    edits: features given other values, ``LAYER_FEATURE_POSITION`` with ``=VALUE``, ``=xFACTOR``,
    ``+=VALUE``, ``=mean:FILE.jsonl`` or ``=from:TEXT@POSITION``: ``"4_436_-1=x2"``.
    steer: ``Steering``s. swaps: ``Swap``s.
    freeze: what keeps the values of the unchanged run: "attention" (patterns), "all" (patterns and
    the scales of norms), "none".
    constrained: (first, last) layers whose MLP outputs are held as in the unchanged run; changes
    then count from the unchanged activations.
    """

    def __init__(
        self,
        edits: str | Iterable[str] = (),
        *,
        steer: Steering | Iterable[Steering] = (),
        swaps: Swap | Iterable[Swap] = (),
        freeze: str = "attention",
        constrained: tuple[int, int] | None = None,
    ) -> None:
        self.edits = texts("edits", edits)
        self.steer = [steer] if isinstance(steer, Steering) else list(steer)
        self.swaps = [swaps] if isinstance(swaps, Swap) else list(swaps)
        self.freeze = freeze
        self.constrained = constrained

    def __repr__(self) -> str:
        parts = self.edits + ["a steering"] * len(self.steer) + ["a swap"] * len(self.swaps)
        return f"<circuit.Intervention {', '.join(parts) or 'nothing'}>"


class Outcome:
    """What a model made of a prompt."""

    def __init__(
        self, logits: NDArray[np.float32], activations: NDArray[np.void], warnings: list[str]
    ) -> None:
        #: float32 [vocabulary] of the next token, or [positions, vocabulary]; soft-capped.
        self.logits = logits
        #: Structured array (layer, position, feature, activation) of all that fires, if asked for.
        self.activations = activations
        self.warnings = warnings

    def log_probabilities(self) -> NDArray[np.float64]:
        """Natural logarithms, float64, in the shape of ``logits``."""
        logits = self.logits.astype(np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))

    def probabilities(self) -> NDArray[np.float64]:
        """Of each token, float64, in the shape of ``logits``."""
        return np.exp(self.log_probabilities())


class Effect:
    """A prompt with an intervention (``after``) and without (``before``), two ``Outcome``s.

    Printed, or shown in a notebook, it is the table of the next token. With all positions, table
    and measures are of the last.
    """

    def __init__(
        self, before: Outcome, after: Outcome, ids: list[int], token_text: Callable[[int], str]
    ) -> None:
        self.before = before
        self.after = after
        self.ids = ids  #: of the prompt
        self._token_text = token_text

    @property
    def warnings(self) -> list[str]:
        """Of changes that another takes the place of."""
        return self.after.warnings

    @property
    def kl(self) -> float:
        """Of the changed from the unchanged distribution of the next token, nats."""
        before, after = self._sides()
        return float(np.sum(np.exp(before) * (before - after)))

    @property
    def log_odds_change(self) -> NDArray[np.float64]:
        """Of each token, log(p / (1 - p)) after less before, float64 [vocabulary]."""
        before, after = (side - np.log(-np.expm1(side)) for side in self._sides())
        return after - before

    def _sides(self) -> list[NDArray[np.float64]]:
        sides = (self.before.log_probabilities(), self.after.log_probabilities())
        return [side if side.ndim == 1 else side[-1] for side in sides]

    def top(self, count: int = 10) -> NDArray[np.void]:
        """The ``count`` most probable tokens of either side, a structured array (token_id, token,
        before, after, log_odds_change), the larger probability first."""
        before, after = (np.exp(side) for side in self._sides())
        first = [np.argsort(-side, kind="stable")[:count] for side in (before, after)]
        ids = sorted(np.union1d(*first).tolist(), key=lambda i: (-max(before[i], after[i]), i))
        changes = self.log_odds_change
        rows = [(i, self._token_text(i), before[i], after[i], changes[i]) for i in ids]
        fields = [("token_id", "i4"), ("token", "O"), ("before", "f8"), ("after", "f8")]
        return np.array(rows, dtype=[*fields, ("log_odds_change", "f8")])

    def __str__(self) -> str:
        lines = [f"{'token':<20} {'before':>9} {'after':>9} {'log-odds':>9}"]
        for row in self.top():
            lines.append(
                f"{row['token']!r:<20} {row['before']:9.2%} {row['after']:9.2%} "
                f"{row['log_odds_change']:+9.2f}"
            )
        return "\n".join([*lines, f"KL {self.kl:.3f} nats"])

    def __repr__(self) -> str:
        return str(self)

"""Wrong arguments are one line, whatever the library would make of them."""

import numpy as np
import pytest
from conftest import PROMPT


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda m, g: m.generate(PROMPT, max_tokens=-1), ValueError, "max_tokens. is -1, expected"),
        (lambda m, g: m.active_features(PROMPT, top=-1), ValueError, "top. is -1, expected 0"),
        (lambda m, g: m.verify(g, samples=-1), ValueError, "samples. is -1, expected 0"),
        (lambda m, g: g.prune(max_nodes=-1), ValueError, "max_nodes. is -1, expected 0"),
        (lambda m, g: g.paths(count=-1), ValueError, "count. is -1, expected 0"),
        (lambda m, g: g.paths(10**6), ValueError, "node 1000000 is no feature or target"),
        (lambda m, g: g.describe(-1), IndexError, "-1, the graph has"),
        (lambda m, g: m.label(g, np.ones(3, dtype=bool)), ValueError, "a mask of 3 nodes"),
        (lambda m, g: g.scores(np.ones(3, dtype=bool)), ValueError, "mask of 3 for"),
        (lambda m, g: g.scores([len(g)]), IndexError, "out of bounds"),
        (lambda m, g: m.generate(PROMPT, edits=[3]), TypeError, "3 is no text, expected texts"),
        (lambda m, g: m.trace(PROMPT, targets=[3]), TypeError, "3 is no text, expected texts"),
        (lambda m, g: m.trace(PROMPT, max_features=-1), ValueError, "is -1, expected"),
        (lambda m, g: m.trace(PROMPT, memory=10), RuntimeError, "expected at least"),
        (lambda m, g: m.trace(""), ValueError, "the prompt is empty"),
        (lambda m, g: m.trace([]), ValueError, "0 token"),
        (lambda m, g: m.trace("a" * 10_000), ValueError, "the model takes at most"),
        (lambda m, g: m.written_norm([(99, 0, 0, 1.0)]), ValueError, "layer is 99"),
        (lambda m, g: m.active_features(PROMPT, layers=[99]), ValueError, "layer is 99"),
    ],
)
def test_wrong_arguments_are_one_line(model, graph, call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call(model, graph)
    assert "\n" not in str(caught.value)

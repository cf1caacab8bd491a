"""Loading, tracing and what a model does without a graph, beside the program."""

import json
import threading

import circuit
import numpy as np
import pytest
from conftest import PROMPT


def test_a_trace_is_the_programs(graph, traced):
    report, _ = traced
    assert graph.tokens == report["tokens"]
    assert len(graph.active_features) == report["active_features"]
    assert len(graph.selected_features) == report["selected_features"]
    assert graph.closure_error == report["closure_error"]
    assert graph.targets[0].label == report["targets"][0]["token"]
    assert graph.targets[0].weight == report["targets"][0]["probability"]
    assert graph.provenance.prompt == PROMPT
    assert {"forward", "attribute"} <= graph.seconds.keys()


def test_prompts_are_texts_ids_or_arrays_of_ids(model, graph):
    ids = model.encode(PROMPT)
    assert ids == graph.input_ids
    assert model.encode(np.array(ids)) == ids
    assert [model.token_text(i) for i in ids] == graph.tokens
    same = model.trace(ids, labels=False)
    assert np.array_equal(same.edge_arrays[2], graph.edge_arrays[2])
    assert model.encode(PROMPT, bos="none") == ids[1:]


def test_wrong_prompts_are_value_errors(model):
    with pytest.raises(ValueError, match="expected a text, a list of token ids, or a list of mess"):
        model.encode([1.5])
    with pytest.raises((ValueError, RuntimeError), match="chat template|chat_template|template"):
        model.encode([{"role": "user", "content": "hello"}])
    with pytest.raises(ValueError):
        model.trace([10**6])


def test_options_of_a_trace_count(model, graph):
    few = model.trace(PROMPT, max_features=20)
    assert len(few.selected_features) == 20
    named = model.trace(PROMPT, targets=[" petit", " grand- petit"])
    assert [t.label for t in named.targets] == [" petit", "logit( grand)-logit( petit)"]
    assert [t.token_id for t in named.targets][1] == -1
    assert model.trace(PROMPT, targets=" petit").targets[0].label == " petit"
    assert len(model.trace(PROMPT, max_logits=3, logit_probability=1.0).targets) == 3
    similar = model.trace(PROMPT, similarity=True)
    assert "similarity" in similar.seconds


def test_labels_are_of_kept_features_and_wanted_ones(model):
    bare = model.trace(PROMPT, labels=False)
    assert bare.labels == {}
    first = bare.nodes[0]
    one = model.label(bare, [0])
    assert list(one.labels) == [(first["layer"], first["feature"])]
    assert bare.labels == {}
    kept = model.label(bare).labels
    features = bare.prune().nodes
    features = features[features["kind"] == "feature"]
    assert set(kept) == {(int(f["layer"]), int(f["feature"])) for f in features}


def test_progress_is_told(model):
    seen = []
    model.trace(PROMPT, progress=lambda stage, done, total: seen.append((stage, done, total)))
    assert seen[-1][0] == "attribute"
    assert seen[-1][1] == seen[-1][2] > 0


def test_an_error_in_progress_ends_the_trace(model):
    def fail(stage, done, total):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        model.trace(PROMPT, progress=fail)
    assert model.trace(PROMPT).targets  # the model is as before


def test_other_threads_run_while_a_trace_does(model):
    """Python's lock is free in a trace: a thread gets on between two calls of progress."""
    ticks, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            ticks[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = ticks[0]
        model.trace(PROMPT)
        assert ticks[0] > before
    finally:
        stop.set()
        thread.join()


def test_a_graph_fits_its_model(model, graph):
    checked = model.verify(graph, samples=8, seed=1)
    assert checked.perturbed_sources == 8
    assert checked.checked_edges > 0
    assert checked.largest_error < 1e-4


def test_active_features_are_the_programs(model):
    ours = model.active_features(PROMPT, top=3)
    theirs = json.loads(
        circuit.run("features", "active", "--prompt", PROMPT, "--top", "3", "--json")
    )
    assert [
        dict(zip(ours.features.dtype.names, row), name=name)
        for row, name in zip(ours.features.tolist(), ours.names)
    ] == theirs["features"]
    assert len(ours) == len(theirs["features"]) > 0
    assert ours.counts == [layer["active"] for layer in theirs["layers"]]


def test_generation_is_the_programs_and_edits_change_it(model):
    pieces = []
    ours = model.generate(PROMPT, max_tokens=4, write=pieces.append)
    theirs = json.loads(circuit.run("generate", "--prompt", PROMPT, "--max-tokens", "4", "--json"))
    assert ours.ids == theirs["ids"]
    assert ours.text == theirs["text"] == "".join(pieces)
    assert str(ours) == ours.text
    edited = model.generate(PROMPT, "4_436_-1=x-5", max_tokens=1)
    assert edited.probabilities != ours.probabilities[:1]
    with pytest.raises(ValueError, match="'x' is no layer, expected LAYER_FEATURE_POSITION"):
        model.generate(PROMPT, ["x_1_2=3"])


def test_what_cannot_be_loaded_is_one_line(tmp_path):
    with pytest.raises(RuntimeError, match=r"^\[load_model\] .*no such directory") as caught:
        circuit.load(tmp_path / "none", tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="without model"):
        circuit.load(transcoders=tmp_path)
    with pytest.raises(ValueError, match="dtype is 'f8', expected 'f32', 'f64' or 'bf16'"):
        circuit.load(dtype="f8")


def test_a_failing_program_is_one_line():
    with pytest.raises(circuit.ProgramError, match=r"none.graph.safetensors") as caught:
        circuit.run("score", "none.graph.safetensors")
    assert caught.value.status == 1
    assert not str(caught.value).startswith("circuit:")
    with pytest.raises(circuit.ProgramError) as caught:
        circuit.run("no-such-command")
    assert caught.value.status == 2

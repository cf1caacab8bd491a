"""Interventions beside the program's, and the arrays that come out."""

import json

import circuit
import numpy as np
import pytest
from circuit import Intervention, Steering, Swap
from conftest import PROMPT

EDIT = "4_436_-1=x-5"
OTHER = "le contraire de grand est"  # as many tokens


@pytest.fixture(scope="module")
def effect(model):
    return model.intervene(PROMPT, EDIT)


def test_an_intervention_is_the_programs(effect):
    theirs = json.loads(circuit.run("intervene", "--prompt", PROMPT, "--set", EDIT, "--json"))
    ours = effect.top(10)
    assert effect.ids == theirs["ids"]
    # The same floats; ours are turned into probabilities by numpy, theirs by LibTorch.
    assert effect.kl == pytest.approx(theirs["kl"], rel=1e-9)
    assert ours["token_id"].tolist() == [token["token_id"] for token in theirs["outputs"]]
    assert ours["token"].tolist() == [token["token"] for token in theirs["outputs"]]
    for field in ("before", "after", "log_odds_change"):
        expected = [token[field] for token in theirs["outputs"]]
        assert ours[field].tolist() == pytest.approx(expected, rel=1e-9)


def test_the_unchanged_run_predicts_the_graphs_target(effect, graph):
    target = graph.targets[0]
    assert effect.before.logits.argmax() == target.token_id
    assert effect.before.probabilities()[target.token_id] == pytest.approx(target.weight, rel=1e-5)


def test_logits_own_their_memory(effect):
    logits = effect.after.logits
    assert logits.dtype == np.float32
    assert not logits.flags.owndata  # a capsule holds the library's own vector
    assert type(logits.base).__name__ == "PyCapsule"
    before = logits[0]
    logits[0] = before + 1  # it is the caller's
    assert logits[0] == before + 1
    logits[0] = before


def test_nothing_changed_is_the_model_as_it_is(model):
    effect = model.intervene(PROMPT)
    assert np.array_equal(effect.before.logits, effect.after.logits)
    assert effect.kl == 0
    assert not effect.log_odds_change.any()


def test_options_of_an_intervention_count(model, effect):
    for options in ({"freeze": "none"}, {"freeze": "all"}, {"constrained": (0, 4)}):
        other = model.intervene(PROMPT, EDIT, **options)
        assert np.array_equal(other.before.logits, effect.before.logits)
        assert not np.array_equal(other.after.logits, effect.after.logits), options
    same = model.intervene(PROMPT, Intervention(EDIT, freeze="attention"))
    assert np.array_equal(same.after.logits, effect.after.logits)


def test_all_positions_end_with_the_last(model, effect):
    everywhere = model.intervene(PROMPT, EDIT, all_positions=True)
    assert everywhere.after.logits.shape == (len(effect.ids), len(effect.after.logits))
    assert np.array_equal(everywhere.after.logits[-1], effect.after.logits)
    assert np.array_equal(everywhere.after.logits[:-1], everywhere.before.logits[:-1])
    assert everywhere.kl == effect.kl
    np.testing.assert_allclose(everywhere.after.probabilities().sum(axis=-1), 1)


def test_activations_are_the_graphs(model, graph):
    effect = model.intervene(PROMPT, EDIT, activations=True)
    fired = effect.before.activations
    for field in ("layer", "position", "feature"):
        assert np.array_equal(fired[field], graph.active_features[field])
    # The graph's are of the same run; the reader's products may be grouped otherwise.
    np.testing.assert_allclose(fired["activation"], graph.activations, rtol=1e-5, atol=1e-6)
    assert effect.after.activations.tolist() != fired.tolist()


def test_outcomes_are_those_of_single_interventions(model, effect):
    found = model.outcomes(PROMPT, [Intervention(), Intervention(EDIT), Intervention("4_436_5=0")])
    assert np.array_equal(found[0].logits, effect.before.logits)
    assert np.array_equal(found[1].logits, effect.after.logits)
    assert not np.array_equal(found[2].logits, found[1].logits)
    assert model.outcomes(PROMPT, []) == []


def test_steering_adds_alpha_times_a_vector(model):
    d_model = json.loads(circuit.run("inspect", "--json"))["model"]["d_model"]
    vector = np.random.default_rng(0).normal(size=d_model)
    two = model.intervene(PROMPT, steer=Steering(2, vector, 2.0, "-1"))
    same = model.intervene(PROMPT, steer=Steering(2, 2 * vector, 1.0, -1))
    assert two.kl > 0
    np.testing.assert_allclose(two.after.logits, same.after.logits, atol=1e-4)
    assert model.intervene(PROMPT, steer=Steering(2, vector, 0.0)).kl == 0
    with pytest.raises(ValueError, match="2 dimensions, expected 1"):
        model.intervene(PROMPT, steer=Steering(2, vector[None]))
    with pytest.raises(ValueError, match="steer"):
        model.intervene(PROMPT, steer=Steering(2, vector[:-1]))


def test_swapping_every_place_gives_the_other_prompt(model):
    n = len(model.encode(PROMPT))
    places = [(i, i) for i in range(1, n)]
    swap = model.intervene(
        PROMPT,
        swaps=[Swap(OTHER, "embedding", places), Swap(OTHER, "mlp-outputs", places)],
        freeze="none",
    )
    other = model.intervene(OTHER)
    np.testing.assert_allclose(swap.after.logits, other.before.logits, atol=1e-3)
    part = model.intervene(PROMPT, swaps=Swap(OTHER, "features", [(4, 4)], layers=(0, 1)))
    assert part.kl > 0


def test_the_table_is_printed(effect):
    lines = str(effect).splitlines()
    assert lines[0].split() == ["token", "before", "after", "log-odds"]
    assert lines[1].startswith("' grand'")
    assert lines[-1] == f"KL {effect.kl:.3f} nats"


def test_written_norm_grows_with_the_amount(model):
    one = model.written_norm([(4, 5, 436, 1.0)])
    assert model.written_norm([(4, 5, 436, -3.0)]) == pytest.approx(3 * one)
    both = model.written_norm([(4, 5, 436, 1.0), (4, 4, 436, 1.0)])
    assert both == pytest.approx(one * np.sqrt(2))
    assert model.written_norm([]) == 0


def test_warnings_come_with_the_outcome(model):
    effect = model.intervene(PROMPT, ["4_436_-1=0", "4_436_5=x2"])
    assert len(effect.warnings) == 1
    assert "takes the place of" in effect.warnings[0]


@pytest.mark.parametrize(
    ("edits", "options", "message"),
    [
        ("4_436", {}, "there is no value"),
        ("4_436_0=1", {}, "position 0 carries no features"),
        ("4_436_99=1", {}, "the prompt has positions 0 to 5"),
        ("99_1_3=1", {}, "99"),
        ("4_999999_3=1", {}, "999999"),
        (EDIT, {"freeze": "some"}, "freeze is 'some', expected 'attention', 'all' or 'none'"),
        (EDIT, {"constrained": (3, 1)}, "constrained"),
        ((), {"swaps": Swap(OTHER, "all")}, "expected 'features', 'mlp-outputs' or 'embedding'"),
        ((), {"swaps": Swap("grand")}, "token|position"),
    ],
)
def test_wrong_interventions_are_value_errors(model, edits, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        model.intervene(PROMPT, edits, **options)
    assert "\n" not in str(caught.value)


def test_a_model_without_transcoders_has_no_features(model, effect, tmp_path):
    from circuit._program import demo_folder

    bare = circuit.load(demo_folder() / "model")
    assert bare.encode(PROMPT) == model.encode(PROMPT)
    assert np.array_equal(bare.intervene(PROMPT).before.logits, effect.before.logits)
    with pytest.raises(ValueError, match="loaded without transcoders"):
        bare.trace(PROMPT)
    with pytest.raises(ValueError, match="transcoders"):
        bare.intervene(PROMPT, EDIT)

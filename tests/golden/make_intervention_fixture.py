"""What circuit-tracer's feature_intervention makes of the reference cases: CASE/interventions.safetensors.

    pip install circuit-tracer 'transformer-lens<4' transformers==4.57.3 nnsight==0.6.1
    python tests/golden/make_intervention_fixture.py        from the root of the repository

One list of interventions a case: the strongest feature of each layer ablated, doubled or made
negative, and features that do not fire given a value, one of them at two positions. The same list
with attention frozen and live, nothing held, all layers held, and layers 1 and 2 held.
GPT-2 runs on the TransformerLens back end, the others on nnsight. In Gemma 3, circuit-tracer is not
asked for chats, so that one position is zeroed everywhere.
"""

import json
import os
import pathlib
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import yaml  # noqa: E402
from circuit_tracer.replacement_model.replacement_model_nnsight import NNSightReplacementModel  # noqa: E402
from circuit_tracer.replacement_model.replacement_model_transformerlens import (  # noqa: E402
    TransformerLensReplacementModel,
)
from circuit_tracer.transcoder.cross_layer_transcoder import load_clt  # noqa: E402
from circuit_tracer.transcoder.single_layer_transcoder import load_transcoder_set  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformer_lens import HookedTransformerConfig  # noqa: E402
from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

GOLDEN = pathlib.Path("tests/golden")
CASES = [
    "llama-plt-relu",
    "llama-clt-relu",
    "llama-clt-jumprelu",
    "gpt2-plt-relu-resid",
    "qwen3-plt-topk-skip",
    "gemma2-plt-jumprelu",
    "gemma3-clt-jumprelu",
]
SETTINGS = {
    "frozen": dict(freeze_attention=True, constrained_layers=None),
    "live": dict(freeze_attention=False, constrained_layers=None),
    "all-held": dict(freeze_attention=True, constrained_layers=range(3)),
    "some-held": dict(freeze_attention=True, constrained_layers=range(1, 3)),
}
N_FEATURES = 40


def transcoders_of(folder):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    sites = dict(
        feature_input_hook=config["feature_input_hook"],
        feature_output_hook=config["feature_output_hook"],
        scan=config["scan"],
        dtype=torch.float32,
    )
    if config["model_kind"] == "cross_layer_transcoder":
        return load_clt(str(folder), lazy_decoder=False, **sites)
    with tempfile.TemporaryDirectory() as plain:  # its reader wants k as an argument, not as a tensor
        top_k = {}
        for name in config["transcoders"]:
            tensors = load_file(folder / name)
            if "k" in tensors:
                top_k = dict(activation="topk", k=int(tensors.pop("k")))
            save_file(tensors, pathlib.Path(plain) / name)
        paths = {i: f"{plain}/{name}" for i, name in enumerate(config["transcoders"])}
        return load_transcoder_set(
            paths, device=torch.device("cpu"), lazy_encoder=False, lazy_decoder=False, **top_k, **sites
        )


def gpt2_of(path, transcoders):
    hf = AutoModelForCausalLM.from_pretrained(path, attn_implementation="eager")
    sizes = hf.config
    config = HookedTransformerConfig(
        n_layers=sizes.n_layer,
        d_model=sizes.n_embd,
        n_ctx=sizes.n_positions,
        n_heads=sizes.n_head,
        d_head=sizes.n_embd // sizes.n_head,
        d_mlp=4 * sizes.n_embd,
        d_vocab=sizes.vocab_size,
        act_fn="gelu_new",
        normalization_type="LN",
        eps=sizes.layer_norm_epsilon,
        positional_embedding_type="standard",
        original_architecture="GPT2LMHeadModel",
        model_name="tiny",
        device="cpu",
        dtype=torch.float32,
    )
    model = TransformerLensReplacementModel.from_config(
        config, transcoders, tokenizer=AutoTokenizer.from_pretrained(path)
    )
    weights = convert_gpt2_weights(hf, config)
    wrapped = {
        name.replace(".mlp.", ".mlp.old_mlp.").replace("unembed.", "unembed.old_unembed."): value
        for name, value in weights.items()
    }
    found = model.load_state_dict(wrapped, strict=False)
    assert not found.unexpected_keys, found
    return model


def model_of(case, transcoders):
    path = str(GOLDEN / case["model"])
    if path.endswith("gpt2"):
        return gpt2_of(path, transcoders)
    return NNSightReplacementModel.from_pretrained_and_transcoders(
        path, transcoders, device="cpu", dtype=torch.float32
    )


def interventions_of(graph):
    """(layer, position, feature, value), all different cells."""
    active = graph["active_features"].tolist()
    values = graph["activation_values"].tolist()
    n = len(graph["input_ids"])
    chosen = []
    for layer, factor in enumerate([0.0, 2.0, -1.0]):
        here = [(value, place) for value, place in zip(values, active) if place[0] == layer]
        value, place = max(here)
        chosen.append((*place, value * factor))
    taken = {tuple(place[:1]) + (place[2],) for place in active}
    for layer in range(2):
        silent = next((f for f in range(N_FEATURES) if (layer, f) not in taken), None)
        if silent is None:  # every feature fires somewhere: one that does not at the last position
            silent = next(f for f in range(N_FEATURES) if [layer, n - 1, f] not in active)
        chosen.append((layer, n - 1, silent, 3.0))
        if layer == 0:
            chosen.append((layer, n - 2, silent, 1.5))
    return chosen


def main():
    for name in CASES:
        case = json.loads((GOLDEN / name / "case.json").read_text())
        graph = load_file(GOLDEN / name / "graph-full.safetensors")
        model = model_of(case, transcoders_of(GOLDEN / name / "transcoder"))
        chosen = interventions_of(graph)
        ids = graph["input_ids"].long()
        assert model.tokenizer(case["prompt"]).input_ids == ids.tolist()  # the prompt, as nnsight wants it
        out = {
            "places": torch.tensor([c[:3] for c in chosen], dtype=torch.int32),
            "values": torch.tensor([c[3] for c in chosen]),
        }
        for setting, options in SETTINGS.items():
            with torch.no_grad():
                logits, activations = model.feature_intervention(case["prompt"], chosen, **options)
            out[f"{setting}.logits"] = logits.detach().reshape(len(ids), -1).float().contiguous().clone()
            out[f"{setting}.activations"] = activations.detach().float().contiguous().clone()
        save_file(out, GOLDEN / name / "interventions.safetensors")
        print(name, chosen, {k: tuple(v.shape) for k, v in out.items()})


if __name__ == "__main__":
    main()

"""Converts every fixture of other formats and lets circuit-tracer load the result.

Run by hand, it is no part of the test suite; needs circuit-tracer 0.4.1 and a built program:

  python tests/peer/check_converted.py --circuit build/release/circuit

For each directory of tests/golden/formats/transcoders it runs `circuit convert`, loads what that wrote
with circuit-tracer's own loaders of its native format, and compares activations and reconstructions
with those that the library of the original format computed (tests/golden/make_format_fixtures.py).
What circuit-tracer's format cannot say is in LIMITS and shown as such; anything else that differs by
more than 1e-5 makes the script fail.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch
import yaml
from circuit_tracer.transcoder.cross_layer_transcoder import load_clt
from circuit_tracer.transcoder.single_layer_transcoder import load_transcoder_set
from safetensors.torch import load_file

LIMITS = {
    "sparsify": "keeps negative values among the k largest; compared after max(x, 0)",
    "sparsify-groupmax": "has no GroupMax: not compared",
    "llamascopium-topk": "has no TopK for cross-layer transcoders: not compared",
    "gemma-scope-2-clt": "drops the affine skip of cross-layer transcoders; compared without it",
}


def load(directory):
    config = yaml.safe_load((directory / "config.yaml").read_text())
    common = {
        "scan": config["scan"],
        "feature_input_hook": config["feature_input_hook"],
        "feature_output_hook": config["feature_output_hook"],
        "device": torch.device("cpu"),
        "dtype": torch.float32,
    }
    if config["model_kind"] == "cross_layer_transcoder":
        return load_clt(str(directory), **common)
    count = len(list(directory.glob("layer_*.safetensors")))
    paths = {i: str(directory / f"layer_{i}.safetensors") for i in range(count)}
    return load_transcoder_set(
        paths, activation=config.get("activation"), k=config.get("k"), **common
    )


def per_layer(coders, expected, positive):
    activations, outputs = [], []
    for layer, x in enumerate(expected["inputs"]):
        coder = coders.transcoders[layer]
        acts = coder.encode(x)
        activations.append(acts.relu() if positive else acts)
        skip = x if coder.W_skip is not None else None
        outputs.append(coder.decode(activations[-1], skip))
    return torch.stack(activations), torch.stack(outputs)


def cross_layer(clt, expected):
    x = expected["inputs"]
    activations = clt.encode(x)
    outputs = clt.b_dec[:, None, :].repeat(1, x.shape[1], 1)
    for source in range(x.shape[0]):
        decoder = clt._get_decoder_vectors(source)
        for layer in range(source, x.shape[0]):
            outputs[layer] += activations[source] @ decoder[:, layer - source]
    return activations, outputs


def check(name, directory, expected):
    coders = load(directory)
    if (directory / "layer_0.safetensors").exists():
        activations, outputs = per_layer(coders, expected, name == "sparsify")
    else:
        activations, outputs = cross_layer(coders, expected)
    wanted = expected["outputs"]
    if name == "gemma-scope-2-clt":
        for layer in range(wanted.shape[0]):
            skip = load_file(directory / f"W_enc_{layer}.safetensors")[f"W_skip_{layer}"]
            wanted[layer] -= expected["inputs"][layer] @ skip.T
    return max(
        (activations - expected["activations"]).abs().max().item(),
        (outputs - wanted).abs().max().item(),
    )


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--circuit", type=pathlib.Path, required=True)
    parser.add_argument("--fixtures", type=pathlib.Path, default=root / "tests/golden/formats")
    arguments = parser.parse_args()
    failed = False
    for source in sorted((arguments.fixtures / "transcoders").iterdir()):
        if not source.is_dir():
            continue
        name = source.name
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            target = pathlib.Path(folder) / "native"
            command = [arguments.circuit, "convert", source, "--out", target, "--quiet"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            limit = LIMITS.get(name, "")
            if limit.endswith("not compared"):
                print(f"{name:28} circuit-tracer {limit}")
                continue
            error = check(name, target, load_file(f"{source}.safetensors"))
            failed = failed or error > 1e-5
            print(f"{name:28} largest difference {error:.1e}" + (f" ({limit})" if limit else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

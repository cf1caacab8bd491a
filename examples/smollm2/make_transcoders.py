"""Small transcoders for a GGUF file of the Llama family, by least squares on a text: quick to make, good enough to see a graph.

    make_transcoders.py MODEL.gguf IDS.json DIRECTORY [--features 512]

IDS.json is what `circuit tokenize --json` prints. Needs numpy, gguf and safetensors. Each layer is fitted alone: a feature looks for the
direction of one token of the text among all others and fires for the 3 % that lie furthest along it; the decoder is the ridge regression of
the MLP's output on the features. Nothing is trained, so features are neither as sparse nor as readable as those of published transcoders.
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

WINDOW = 64  # positions of one prompt, the first of them the special token
ACTIVE = 0.03
RIDGE = 0.05


class Weights:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.tensors = {t.name: t for t in reader.tensors}
        self.keys = reader.fields

    def __getitem__(self, name):
        tensor = self.tensors[name]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return values.reshape(tuple(reversed(tensor.shape.tolist()))).astype(np.float32)

    def key(self, name):
        return self.keys["llama." + name].contents()


def norm(x, gain, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * gain


def rotate(x, theta):
    """x [..., n, d_head]: neighbours turn together, as GGUF files of this family store them."""
    n, width = x.shape[-2:]
    angles = np.outer(np.arange(n), theta ** (-np.arange(0, width, 2) / width))
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angles)
    return np.stack([turned.real, turned.imag], -1).reshape(x.shape).astype(np.float32)


def attention(weights, layer, x):
    """x [windows, n, d_model]"""
    heads, kv_heads = weights.key("attention.head_count"), weights.key("attention.head_count_kv")
    split = lambda y, count: y.reshape(*y.shape[:2], count, -1).swapaxes(1, 2)
    query, key, value = (x @ weights[f"blk.{layer}.attn_{name}.weight"].T for name in "qkv")
    theta = weights.key("rope.freq_base")
    query, key = rotate(split(query, heads), theta), rotate(split(key, kv_heads), theta)
    key, value = (np.repeat(y, heads // kv_heads, 1) for y in (key, split(value, kv_heads)))
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    scores[..., np.triu(np.ones(scores.shape[-2:], bool), 1)] = -np.inf
    pattern = np.exp(scores - scores.max(-1, keepdims=True))
    pattern /= pattern.sum(-1, keepdims=True)
    joined = (pattern @ value).swapaxes(1, 2).reshape(*x.shape[:2], -1)
    return joined @ weights[f"blk.{layer}.attn_output.weight"].T


def mlp(weights, layer, x):
    gate, up, down = (weights[f"blk.{layer}.ffn_{name}.weight"] for name in ("gate", "up", "down"))
    gated = x @ gate.T
    return (gated / (1 + np.exp(-gated)) * (x @ up.T)) @ down.T


def fit(inputs, outputs, n_features, random):
    """inputs, outputs [tokens, d_model] -> encoder, its bias, decoder, its bias, share of the variance that is explained."""
    mean = inputs.mean(0)
    centred = inputs - mean
    covariance = centred.T @ centred / len(centred)
    covariance += np.eye(len(covariance)) * np.trace(covariance) / len(covariance) * 0.1
    chosen = random.choice(len(centred), n_features, replace=len(centred) < n_features)
    encoder = np.linalg.solve(covariance, centred[chosen].T).T
    encoder /= np.linalg.norm(encoder, axis=1, keepdims=True)
    threshold = np.quantile(centred @ encoder.T, 1 - ACTIVE, axis=0)
    features = np.maximum(centred @ encoder.T - threshold, 0)
    shift, target = features.mean(0), outputs - outputs.mean(0)
    gram = (features - shift).T @ (features - shift)
    gram += np.eye(n_features) * np.trace(gram) / n_features * RIDGE
    decoder = np.linalg.solve(gram, (features - shift).T @ target)
    left = target - (features - shift) @ decoder
    return encoder, -encoder @ mean - threshold, decoder, outputs.mean(0) - shift @ decoder, 1 - (left**2).sum() / (target**2).sum()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("ids")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--features", type=int, default=512)
    arguments = parser.parse_args()
    weights = Weights(arguments.model)
    ids = json.loads(Path(arguments.ids).read_text())["ids"]
    first = int(weights.keys["tokenizer.ggml.bos_token_id"].contents())
    length = WINDOW - 1
    windows = np.array([[first, *ids[i : i + length]] for i in range(0, len(ids) - length + 1, length)])
    residual = weights["token_embd.weight"][windows]
    epsilon = weights.key("attention.layer_norm_rms_epsilon")
    random = np.random.default_rng(0)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    print(f"{windows.size} tokens in {len(windows)} windows")
    for layer in range(weights.key("block_count")):
        residual = residual + attention(weights, layer, norm(residual, weights[f"blk.{layer}.attn_norm.weight"], epsilon))
        inputs = norm(residual, weights[f"blk.{layer}.ffn_norm.weight"], epsilon)
        outputs = mlp(weights, layer, inputs)
        residual = residual + outputs
        # The first position carries no features.
        flat = [x[:, 1:].reshape(-1, x.shape[-1]).astype(np.float64) for x in (inputs, outputs)]
        *parts, explained = fit(*flat, arguments.features, random)
        names = ("W_enc", "b_enc", "W_dec", "b_dec")
        tensors = {name: np.ascontiguousarray(part, np.float32) for name, part in zip(names, parts)}
        save_file(tensors, arguments.directory / f"layer_{layer}.safetensors")
        print(f"layer {layer}: {explained:.0%} of the variance explained")
    (arguments.directory / "config.yaml").write_text(
        f"model_name: {Path(arguments.model).stem}\nmodel_kind: transcoder_set\n"
        "feature_input_hook: mlp.hook_in\nfeature_output_hook: mlp.hook_out\nactivation: relu\n"
    )


main()

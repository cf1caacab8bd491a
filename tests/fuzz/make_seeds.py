"""Writes the first inputs of the fuzz targets: small valid files of every kind, into tests/fuzz/corpus.

  python tests/fuzz/make_seeds.py        from the root of the repository

Needs numpy, safetensors and gguf. Files that fuzzing found are beside them, under names of their own.
"""

import json
import lzma
import pathlib
import shutil

import gguf
import numpy
from safetensors.numpy import save

CORPUS = pathlib.Path("tests/fuzz/corpus")
GOLDEN = pathlib.Path("tests/golden")


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def viewer_seeds():
    for name in ["neuronpedia", "old-gemma", "eleuther"]:
        text = (GOLDEN / "viewers" / f"{name}.json").read_text(encoding="utf-8")
        write("viewer_json", name, json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")))
    node = {"node_id": "0_1_0", "feature": 2, "layer": "0", "ctx_idx": 0, "feature_type": "cross layer transcoder",
            "clerp": "a", "influence": 0.5, "activation": float("nan")}
    error = {"node_id": "0_1_0", "feature": -1, "layer": "1", "ctx_idx": 0, "feature_type": "mlp reconstruction error"}
    logit = {"node_id": "3_7_0", "feature": 7, "layer": "3", "ctx_idx": 0, "feature_type": "logit",
             "clerp": 'Output "b" (p=0.5)'}
    own = {"metadata": {"format": "circuit.graph", "version": "1", "n_layers": "2", "tokens": '["t"]',
                        "target_labels": '["b"]', "settings": "{}", "feature_labels": "{}", "pruned": "true",
                        "node_threshold": "0.8", "edge_threshold": "0.98"},
           "input_ids": [4], "target_token_ids": [7], "target_weights": [0.5], "target_kinds": [0]}
    graph = {
        "metadata": {"slug": "s", "scan": "s", "prompt_tokens": ["t"], "prompt": "t", "schema_version": 1, "n_layers": 2},
        "qParams": {"pinnedIds": ["0_1_0"], "supernodes": [["s", "0_1_0"]]}, "nodes": [node, error, logit],
        "links": [{"source": "0_1_0", "target": "3_7_0", "weight": 1}, {"source": "0_1_0", "target": "3_7_0", "weight": 2}],
        "circuit": own}
    write("viewer_json", "own", json.dumps(graph))
    numbers = ["score", "sum", "absolute_sum", "soft_cap", "weight", "other_weight", "key_bias", "query_sources", "key_sources"]
    table = {"head": "1.3", "query": 0, "key": 0, "other_key": 0, **{key: 1 for key in numbers}, "carried": 0.5,
             "terms": [["0_1_0", None, 1.5], ["0_-1_0", "E_4_0", -1]], "query_marginals": [["0_1_0", 1]],
             "key_marginals": [[None, 2]], "key_positions": [0.25]}
    graph["links"][0]["heads"] = [["1.3", 0.75], ["residual", 0.5], ["others", -0.25]]
    graph["circuit"]["score_tables"] = [table, {**table, "head": "0.0"}]
    graph["nodes"][0]["qk_tracing_results"] = {"pair_wise_contributors": []}
    write("viewer_json", "own_with_attention", json.dumps(graph))
    write("viewer_json", "nodes_that_are_none", '{"metadata":{"prompt_tokens":["a"]},"nodes":[' + "1," * 9000 + '1],"links":[]}')


def safetensors_seeds():
    two = {"a": numpy.arange(6, dtype=numpy.float32).reshape(2, 3), "b.c": numpy.array(3, dtype=numpy.int64)}
    write("safetensors", "two", save(two, metadata={"format": "pt", "k": "é"}))
    write("safetensors", "types", save({t: numpy.zeros((1, 2), dtype=t) for t in ["f2", "f8", "i1", "u1", "i4", "?"]}))
    write("safetensors", "empty", save({}))


def npz_seeds():
    arrays = {"W_enc": numpy.arange(6, dtype=numpy.float32).reshape(2, 3), "k": numpy.array(4),
              "f": numpy.asfortranarray(numpy.ones((2, 3), dtype=numpy.float16)), "flag": numpy.array([True])}
    for name, save_arrays in [("stored", numpy.savez), ("compressed", numpy.savez_compressed)]:
        path = CORPUS / "npz" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            save_arrays(file, **arrays)


def gguf_file(path, architecture, fill):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def byte_level(writer):
    tokens = ["<s>", "</s>"] + [chr(c) for c in range(33, 127)] + ["Ġ", "Ċ", "he", "ll", "hell", "hello", "Ġhello"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3] + [1] * (len(tokens) - 2))
    writer.add_token_merges(["h e", "l l", "he ll", "hell o", "Ġ hello"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(True)
    writer.add_chat_template("{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}")


def pieces(writer):
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + ["▁", "h", "e", "l", "o", "he", "▁he", "ll"]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * 259 + [-float(i) for i in range(len(tokens) - 259)])
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


def gguf_seeds():
    shutil.copy(GOLDEN / "gguf/written.gguf", CORPUS / "gguf/written")
    gguf_file(CORPUS / "gguf_tokenizer/byte_level", "llama", byte_level)
    gguf_file(CORPUS / "gguf_tokenizer/pieces", "llama", pieces)
    shutil.copy(CORPUS / "gguf_tokenizer/byte_level", CORPUS / "gguf/byte_level")

    def model(writer):
        writer.add_block_count(2)
        writer.add_embedding_length(8)
        writer.add_tensor("token_embd.weight", numpy.zeros((4, 8), dtype=numpy.float16))
        writer.add_tensor("output_norm.weight", numpy.ones(8, dtype=numpy.float32))

    gguf_file(CORPUS / "gguf/model", "llama", model)


def tokenizer_seeds():
    shutil.copy(GOLDEN / "models/llama/tokenizer.json", CORPUS / "tokenizer/byte_level")
    for name in ["tiny-llama", "tiny-unigram"]:
        data = json.loads(lzma.decompress((GOLDEN / f"tokenizers/{name}.tokenizer.json.xz").read_bytes()))
        write("tokenizer", name, json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def config_seeds():
    for path in sorted(GOLDEN.glob("models/*/config.json")):
        shutil.copy(path, CORPUS / "config" / path.parent.name)


def transcoder_config_seeds():
    for path in sorted(GOLDEN.glob("*/transcoder/config.yaml")):
        shutil.copy(path, CORPUS / "transcoder_config" / path.parent.parent.name)
    write("transcoder_config", "options", "model_name: m\nmodel_kind: cross_layer_transcoder\nactivation: topk\nk: 8\n"
          "transcoders:\n  - a/b.safetensors\n  - 'c.npz'\nscan: [s]\nfeature_input_hook: hook_resid_mid\n")


def study_file_seeds():
    write("study_file", "swap", """version: 1
name: swap
prompts: {file: p.jsonl, where: {family: [a, b]}, limit: 3}
pairs: {file: pairs.jsonl, split: [dev, test], where: {kind: language}}
trace: {target: ["{answer}"], max_features: 100}
supernodes:
  - {name: A, select: {field: f, value: "{from.f}", exclude_same: [c], max: 5, positions: [c, last], layers: 1..3}}
  - {name: B, file: nodes.json}
interventions:
  - {name: swap, set: ["@A=x0", "@B=x{strength}"], strengths: [1, 2.5], freeze: none, constrained: 0..4}
  - {name: ceiling, swap: {kind: mlp_outputs, positions: last, layers: each}}
controls: [random_matched, embedding]
report: {group_by: family, choose: {on: dev, report: test, by: top1}, threshold: {metric: top1, above: 0.7},
         plots: [{kind: bar, x: control, y: top1}]}
""")
    write("study_file", "table", "version: 1\nname: t\nprompts: {template: 'a {b}', table: t.csv}\n")
    write("study_file", "aliases", "version: 1\nname: &n t\nprompts: {file: *n}\nmetrics: &m [top1, kl]\ncontrols: *m\n")


def chat_template_seeds():
    for path in sorted((GOLDEN / "chat").glob("*.json")):
        if path.stem in ["jinja", "conversations"]:
            continue
        write("chat_template", path.stem, json.loads(path.read_text(encoding="utf-8"))["template"])
    cases = json.loads((GOLDEN / "chat/jinja.json").read_text(encoding="utf-8"))["cases"]
    for index in range(0, len(cases), 40):
        both = "".join(case["template"] for case in cases[index:index + 40] if case["output"] is not None)
        if both:
            write("chat_template", f"constructs_{index:03}", both)


def labels_seeds():
    label = {"layer": 3, "feature": 7, "text": "grand <b>\u00e9</b>", "source": "me"}
    other = {"layer": 0, "feature": 0, "text": "x"}
    write("labels", "labels", json.dumps(label) + "\n\n" + json.dumps(other) + "\r\n")
    explanation = {"modelId": "gemma-2-2b", "layer": "20-gemmascope-transcoder-16k", "index": "4691",
                   "description": " LaTeX ", "explanationModelName": "gpt-4o-mini", "embedding": "[0.5]"}
    short = dict(explanation, layer="20", index=7)
    write("labels", "explanations", json.dumps(explanation) + "\n" + json.dumps(explanation) + "\n")
    write("labels", "list", json.dumps([explanation, dict(explanation, description="")], indent=1))
    write("labels", "short_layer", json.dumps(short))


def request_head_seeds():
    host = "Host: localhost:8080\r\n"
    write("request_head", "get", f"GET /files/a%20b.json?x HTTP/1.1\r\n{host}Range: bytes=1-\r\nIf-Range: \"a\"\r\n\r\n")
    write("request_head", "head", f"HEAD /graphs/a HTTP/1.0\r\n{host}If-None-Match: W/\"a\", *\r\nConnection: close\r\n\r\n")
    write("request_head", "address", "GET /../%2e%2e/ HTTP/1.1\r\nHost: [fe80::1]:8080\r\nRange: bytes=-5\r\n\r\n")
    write("request_head", "body", f"POST / HTTP/1.1\r\n{host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc")


def main():
    for target in ["safetensors", "npz", "gguf", "gguf_tokenizer", "tokenizer", "config", "transcoder_config", "chat_template", "labels",
                   "request_head", "study_file"]:
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
    safetensors_seeds()
    npz_seeds()
    gguf_seeds()
    tokenizer_seeds()
    config_seeds()
    transcoder_config_seeds()
    study_file_seeds()
    chat_template_seeds()
    viewer_seeds()
    labels_seeds()
    request_head_seeds()


if __name__ == "__main__":
    main()

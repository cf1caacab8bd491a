"""Blocks of every quantised type with their values, and a small GGUF file, as the package gguf reads them.

    python3 -m venv v && v/bin/pip install gguf==0.19.0 safetensors==0.8.0 numpy==2.4.6
    v/bin/python tests/golden/make_gguf_fixture.py tests/golden/gguf

Writes dequantise.safetensors (`TYPE.blocks` u8, `TYPE.values` f32), written.gguf and, of the latter as read back, written.safetensors:
tensors as f32, keys as metadata.
"""

import sys
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

TYPES = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]
# Where a block holds its 16-bit scales.
SCALES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
# Zeros, the smallest and largest subnormal, the smallest normal, one, the largest, infinity, not a number.
EXTREMES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]


def random_blocks(name, random):
    elements, size = gguf.GGML_QUANT_SIZES[Type[name]]
    if name in ("F16", "BF16"):
        return np.concatenate([np.arange(0, 1 << 16, 7, dtype="<u2"), np.array(EXTREMES, "<u2")]).view(np.uint8)
    n = 32 if elements == 256 else 128
    blocks = random.integers(0, 256, (n, size), dtype=np.uint8)
    for place in SCALES[name]:
        # Most of the scales as models have them: arbitrary bits are mostly far too large.
        scales = (random.standard_normal(n) * 0.01).astype("<f2")
        scales[: len(EXTREMES)] = np.roll(np.array(EXTREMES, "<u2"), place).view("<f2")
        blocks[:, place : place + 2] = scales.view(np.uint8).reshape(n, 2)
    return blocks.reshape(-1)


def write_dequantise(path, random):
    tensors = {}
    for name in TYPES:
        blocks = random_blocks(name, random)
        tensors[name + ".blocks"] = blocks
        with np.errstate(invalid="ignore", over="ignore"):
            tensors[name + ".values"] = gguf.quants.dequantize(blocks, Type[name]).reshape(-1)
    save_file(tensors, path)


def write_file(path, random):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint8("test.u8", 200)
    writer.add_int8("test.i8", -100)
    writer.add_uint16("test.u16", 60000)
    writer.add_int16("test.i16", -30000)
    writer.add_uint32("test.u32", 4000000000)
    writer.add_int32("test.i32", -2000000000)
    writer.add_uint64("test.u64", 1 << 62)
    writer.add_int64("test.i64", -(1 << 62))
    writer.add_float32("test.f32", 1e-5)
    writer.add_float64("test.f64", 1e-300)
    writer.add_bool("test.bool", True)
    writer.add_string("test.text", "naïve ☃")
    writer.add_array("test.texts", ["<s>", "▁a", "\n"])
    writer.add_array("test.integers", [3, -1, 7])
    writer.add_array("test.numbers", [0.5, -1000.0])
    writer.add_array("test.flags", [True, False, True])
    for name in ("F32", *TYPES):
        elements, size = gguf.GGML_QUANT_SIZES[Type[name]]
        values = (random.standard_normal((3, 2 * max(elements, 32))) * 0.05).astype(np.float32)
        if name.endswith("_K"):  # the package does not quantise to these
            stored = random.integers(0, 256, (3, 2 * size), dtype=np.uint8)
            for place in SCALES[name]:
                for block in (0, size):
                    stored[:, block + place : block + place + 2] = np.frombuffer(np.float16(0.01).tobytes(), np.uint8)
        else:
            stored = gguf.quants.quantize(values, Type[name])
        if name in ("F32", "F16"):
            writer.add_tensor("weights." + name, stored)
        else:
            writer.add_tensor("weights." + name, stored, raw_dtype=Type[name])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def text_of(value):
    if isinstance(value, list):
        return "[" + ",".join(text_of(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return float(value).hex() if isinstance(value, float) else str(value)


def write_reading(source, path):
    reader = gguf.GGUFReader(source)
    tensors = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        tensors[tensor.name] = np.ascontiguousarray(values.reshape(tuple(reversed(tensor.shape.tolist()))))
    keys = {k: text_of(f.contents()) for k, f in reader.fields.items() if not k.startswith("GGUF.")}
    save_file(tensors, path, metadata=keys)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    write_dequantise(folder / "dequantise.safetensors", random)
    write_file(folder / "written.gguf", random)
    write_reading(folder / "written.gguf", folder / "written.safetensors")


main()

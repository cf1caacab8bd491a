"""Writes small tokenizers of the kinds that SentencePiece makes, into tokenizers/.

  NAME.model                 trained by SentencePiece on random_texts.py
  NAME.tokenizer.json.xz     their vocabularies under the stages that Hugging Face's conversions put around them

  tiny-llama    BPE with byte fallback, spaces kept, a space put in front; .json as Llama 2's (Prepend)
  tiny-mistral  the same vocabulary; .json only, as Mistral's (Metaspace, first)
  tiny-gemma    BPE with byte fallback and user-defined symbols, no space in front; .model only
  tiny-t5       Unigram with NFKC's table, spaces joined, no byte fallback; .json as T5's
  tiny-unigram  Unigram with byte fallback and user-defined symbols; .json with Metaspace, first

Needs sentencepiece, protobuf and tokenizers (made with 0.2.3, 7.36.2, 0.22.2), no network. A second run writes the same
bytes.
"""
import io
import lzma
import pathlib

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from random_texts import random_words

FOLDER = pathlib.Path(__file__).parent / "tokenizers"
SPACE = "\u2581"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def corpus():
    for i in range(1_000_000, 1_010_000):
        for line in random_words(i).splitlines():
            if line.strip():
                yield line


def train(name, **settings):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=corpus(), model_writer=model, num_threads=1, minloglevel=2, hard_vocab_limit=False, **settings)
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    proto.trainer_spec.ClearField("input")
    (FOLDER / (name + ".model")).write_bytes(proto.SerializeToString(deterministic=True))
    return proto


def merges_of(proto):
    ids = {piece.piece: i for i, piece in enumerate(proto.pieces) if piece.type in (NORMAL, USER_DEFINED)}
    merges = []
    for text, i in ids.items():
        splits = [(text[:k], text[k:]) for k in range(1, len(text)) if text[:k] in ids and text[k:] in ids]
        merges += [(-proto.pieces[i].score, ids[left], ids[right], left, right) for left, right in splits]
    return [(left, right) for *_, left, right in sorted(merges)]


def bpe(proto):
    vocabulary = {piece.piece: i for i, piece in enumerate(proto.pieces)}
    model = models.BPE(vocabulary, merges_of(proto), unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    return Tokenizer(model)


def unigram(proto):
    pieces = [(piece.piece, piece.score) for piece in proto.pieces]
    byte_fallback = proto.trainer_spec.byte_fallback
    return Tokenizer(models.Unigram(pieces, proto.trainer_spec.unk_id, byte_fallback))


def add_special_tokens(tokenizer, *names):
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in names])


def save(tokenizer, name):
    packed = lzma.compress(tokenizer.to_str().encode(), check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / (name + ".tokenizer.json.xz")).write_bytes(packed)


def begin_with_bos(tokenizer):
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])


def make_llama(proto):
    tokenizer = bpe(proto)
    add_special_tokens(tokenizer, "<unk>", "<s>", "</s>")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    begin_with_bos(tokenizer)
    save(tokenizer, "tiny-llama")


def make_mistral(proto):
    tokenizer = bpe(proto)
    add_special_tokens(tokenizer, "<unk>", "<s>", "</s>", "[INST]", "[/INST]")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    begin_with_bos(tokenizer)
    save(tokenizer, "tiny-mistral")


def make_t5(proto):
    tokenizer = unigram(proto)
    charsmap = proto.normalizer_spec.precompiled_charsmap
    add_special_tokens(tokenizer, "<pad>", "</s>", "<unk>")
    tokenizer.add_tokens([AddedToken("<mask>", lstrip=True, special=True), AddedToken("<extra_id_0>", rstrip=True)])
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(charsmap), normalizers.Strip(left=False, right=True),
        normalizers.Replace(Regex(" {2,}"), SPACE)])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(SPACE, prepend_scheme="always")])
    tokenizer.decoder = decoders.Metaspace(SPACE, prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))])
    save(tokenizer, "tiny-t5")


def make_unigram(proto):
    tokenizer = unigram(proto)
    add_special_tokens(tokenizer, "<unk>", "<s>", "</s>")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="first")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(SPACE, prepend_scheme="first")])
    save(tokenizer, "tiny-unigram")


def main():
    kept = dict(normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
                split_digits=True, byte_fallback=True, character_coverage=0.98)
    llama = train("tiny-llama", model_type="bpe", vocab_size=2000, **kept)
    make_llama(llama)
    make_mistral(llama)
    train("tiny-gemma", model_type="bpe", vocab_size=1500, add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3,
          user_defined_symbols=["<mask>", "<start_of_turn>", "<end_of_turn>", SPACE * 2, SPACE * 3, "\n\n", "<h1>"], **kept)
    make_t5(train("tiny-t5", model_type="unigram", vocab_size=1200, character_coverage=0.98, pad_id=0, eos_id=1, unk_id=2,
                  bos_id=-1))
    make_unigram(train("tiny-unigram", model_type="unigram", vocab_size=1500,
                       user_defined_symbols=["<mask>", "<h1>", SPACE * 2], **kept))


main()

"""Random models small enough for tests, and the prompts to feed them."""

import json
import pathlib

import sentencepiece
import tokenizers
import torch
import transformers

Path = pathlib.Path

TEXTS = [
    "Which gas do plants take in during photosynthesis?",
    "A train leaves at 9:40 and arrives at 11:05. How long is the trip?",
    "Write a function that returns the n-th Fibonacci number.",
    'Is the sentence "She go to school" grammatical? Answer yes or no.',
    "Übersetze: Guten Morgen, wie geht's?",
    "?",
    "  spaces\tand   tabs  ",
    "漢字 and emoji 🙂 beside plain words",
]

NANO_MODULES = [("self_attn.q_proj", 24, 24), ("self_attn.k_proj", 24, 12), ("self_attn.v_proj", 24, 12),
                ("self_attn.o_proj", 24, 24), ("mlp.up_proj", 24, 60), ("mlp.gate_proj", 24, 60),
                ("mlp.down_proj", 60, 24)]


def write_layout(path: Path, width: int = 12, rank: int = 4) -> Path:
    modules = [{"name": name, "in": n_in, "out": n_out, "chunks_a": -(-n_in // width), "chunks_b": -(-n_out // width)}
               for name, n_in, n_out in NANO_MODULES]
    path.write_text(json.dumps({
        "format": "dnd-layout", "version": 1, "base_model": "example/nano", "architecture": "Qwen2ForCausalLM",
        "rank": rank, "alpha": 2 * rank, "token_shape": [rank + 2, width + 2],
        "blocks": [{"prefix": "model.layers.{i}", "count": 2, "modules": modules}]}, indent=1))
    return path


def qwen2() -> transformers.PreTrainedModel:
    torch.manual_seed(0)
    config = transformers.Qwen2Config(
        vocab_size=64, hidden_size=24, intermediate_size=60, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=64, initializer_range=0.2)
    return transformers.Qwen2ForCausalLM(config).eval()


def write_prompts(path: Path, prompts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
    return path


def write_bert(folder: Path) -> None:
    """Width 32, 512 positions; a WordPiece vocabulary of letters and a few words."""
    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters),
             "the", "plants", "train", "answer", "yes", "##ing", "##th", "漢"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=512).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")  # save_pretrained may leave tokenizer.json only.
    torch.manual_seed(1)
    transformers.BertModel(transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=512, initializer_range=0.2)).save_pretrained(folder)


def name_class(folder: Path, name: str) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "tokenizer_class": name}))


def write_roberta(folder: Path) -> None:
    """Width 32, 514 rows of positions; byte-level BPE."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = byte_level
    tokenizer.train_from_iterator(TEXTS * 20, tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=byte_level.alphabet(), show_progress=False))
    tokenizer.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    folder.mkdir()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", model_max_length=512).save_pretrained(folder)
    name_class(folder, "RobertaTokenizer")  # as published folders do
    torch.manual_seed(3)
    transformers.RobertaModel(transformers.RobertaConfig(
        vocab_size=300, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=514, type_vocab_size=1, initializer_range=0.2)).save_pretrained(folder)


def write_t5(folder: Path, feed_forward: str) -> None:
    folder.mkdir()
    with open(folder / "spiece.model", "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS * 20), model_writer=file, vocab_size=80, pad_id=0, eos_id=1, unk_id=2,
            bos_id=-1, minloglevel=2)
    torch.manual_seed(2)
    transformers.T5EncoderModel(transformers.T5Config(
        vocab_size=80, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        feed_forward_proj=feed_forward)).save_pretrained(folder)

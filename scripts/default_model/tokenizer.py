"""Trains the SentencePiece tokenizer of the base model.

    tokenizer.py OUT     OUT/tokenizer.model and OUT/tokenizer_config.json
"""

import io
import json
import pathlib
import re
import sys

import sentencepiece
from family import every_text

VOCABULARY = 1536
DELIMITER = "|"  # where no piece may cross; only seen while training
CONFIG = {"tokenizer_class": "LlamaTokenizer", "model_max_length": 256, "bos_token": "<s>", "eos_token": "</s>",
          "unk_token": "<unk>", "pad_token": "</s>", "add_bos_token": False, "add_eos_token": False,
          "clean_up_tokenization_spaces": False, "legacy": False}


def separate_punctuation(text: str) -> str:
    """Keeps "25" and "25," from becoming two unrelated pieces."""
    return re.sub(r"([^\w\s])", rf"{DELIMITER}\1{DELIMITER}", text)


def train(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    model = io.BytesIO()  # a file's path would become part of the model
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=map(separate_punctuation, every_text()), model_writer=model,
        model_type="bpe", vocab_size=VOCABULARY, byte_fallback=True, character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False, add_dummy_prefix=True, split_digits=False,
        pretokenization_delimiter=DELIMITER, num_threads=1, minloglevel=2)
    (out / "tokenizer.model").write_bytes(model.getvalue())
    (out / "tokenizer_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")


def main() -> None:
    train(pathlib.Path(sys.argv[1]))


if __name__ == "__main__":
    main()

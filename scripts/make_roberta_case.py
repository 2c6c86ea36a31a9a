"""Writes tests/data/roberta: a small random RoBERTa and its states by transformers.

.deps/python/bin/python scripts/make_roberta_case.py
"""

from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "tests/data/roberta"
PADDING = 3


def main() -> None:
    torch.manual_seed(20)
    config = transformers.RobertaConfig(
        vocab_size=50, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=40, type_vocab_size=1, pad_token_id=PADDING, layer_norm_eps=1e-5,
    )
    model = transformers.RobertaModel(config, add_pooling_layer=False).eval()
    for parameter in model.parameters():  # as made, positions hardly matter
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(FOLDER)
    lengths = (20, 7, 1)
    ids = torch.full((len(lengths), 20), PADDING)
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = torch.randint(4, 50, (length,))
    ids[0, 5] = PADDING  # a text that says it: it has no position of its own
    mask = (torch.arange(20) < torch.tensor(lengths)[:, None]).long()
    with torch.inference_mode():
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    save_file({"input_ids": ids, "attention_mask": mask, "last_hidden_state": states}, FOLDER / "io.safetensors")


if __name__ == "__main__":
    main()

"""Examples as padded tensors of ids."""

import pathlib

import sentencepiece
import torch
from family import Example
from torch import Tensor

END = 2  # </s>


class Texts:
    def __init__(self, tokenizer: pathlib.Path):
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer / "tokenizer.model"))

    @property
    def vocabulary(self) -> int:
        return self.pieces.vocab_size()

    def pack(self, examples: list[Example], length: int | None = None) -> tuple[Tensor, Tensor]:
        """ids (n, L) and targets (n, L): the next id where it belongs to the answer or ends it, else -1."""
        prompts = self.pieces.encode([example.prompt for example in examples])
        answers = self.pieces.encode([example.answer for example in examples])
        rows = [(p, a + [END]) for p, a in zip(prompts, answers, strict=True)]
        length = length or max(len(p) + len(a) for p, a in rows) - 1
        ids = torch.full((len(rows), length), END)
        targets = torch.full((len(rows), length), -1)
        for i, (prompt, answer) in enumerate(rows):
            whole = torch.tensor(prompt + answer)
            ids[i, :len(whole) - 1] = whole[:-1]
            targets[i, len(prompt) - 1:len(whole) - 1] = whole[len(prompt):]
        return ids, targets

"""Pretrains a base model from nothing and saves it in the Hugging Face layout, in fp16.

    base.py TOKENIZER OUT SEED
"""

import math
import os
import pathlib
import random
import shutil
import sys
import time

import torch
import torch.nn.functional as F

import qwen2
from family import Example, pretraining_example
from texts import Texts

BATCH, LEARNING_RATE, WARMUP = 96, 3e-3, 100
# (steps, chance of a bare word answer, chance that tags name shape and rule)
STAGES = ((800, 1.0, 1.0), (1200, 0.1, 1.0), (600, 0.1, 0.5))
THREADS = int(os.environ.get("DND_THREADS", "2"))
STEPS = sum(steps for steps, _, _ in STAGES)


def stage_at(step: int) -> tuple[float, float]:
    for steps, plain, tagged in STAGES:
        if step < steps:
            return plain, tagged
        step -= steps
    raise ValueError("after the last stage")


def learning_rate(step: int) -> float:
    warm = min(1.0, (step + 1) / WARMUP)
    return LEARNING_RATE * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / STEPS)))


def tagged_accuracy(weights: qwen2.Weights, texts: Texts, plain: float) -> float:
    rng = random.Random("tagged")
    ids, targets = texts.pack([pretraining_example(rng, plain, 1.0) for _ in range(400)])
    return qwen2.exact(weights, ids[None], targets[None]).float().mean().item()


def pretrain(texts: Texts, seed: int) -> qwen2.Weights:
    weights = qwen2.new_weights(texts.vocabulary, torch.Generator().manual_seed(seed))
    for weight in weights.values():
        weight.requires_grad_()
    rng = random.Random(f"pretrain {seed}")
    optimizer = torch.optim.AdamW(weights.values(), betas=(0.9, 0.98), weight_decay=0.05)
    started = time.time()
    for step in range(STEPS):
        plain, tagged = stage_at(step)
        batch: list[Example] = [pretraining_example(rng, plain, tagged) for _ in range(BATCH)]
        ids, targets = texts.pack(batch)
        loss = F.cross_entropy(*qwen2.answer_logits(weights, ids[None], targets[None]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.step()
        if step % 100 == 99:
            accuracy = tagged_accuracy(weights, texts, plain)
            print(f"step {step + 1} loss {loss.item():.3f} tagged {accuracy:.3f} {time.time() - started:.0f} s",
                  flush=True)
    return {name: weight.detach() for name, weight in weights.items()}


def save(weights: qwen2.Weights, tokenizer: pathlib.Path, out: pathlib.Path) -> None:
    import transformers  # Slow to import; only here.
    vocabulary = weights["model.embed_tokens.weight"].shape[0]
    config = transformers.Qwen2Config(
        vocab_size=vocabulary, hidden_size=qwen2.HIDDEN, intermediate_size=qwen2.FEED_FORWARD,
        num_hidden_layers=qwen2.LAYERS, num_attention_heads=qwen2.HEADS, num_key_value_heads=qwen2.KV_HEADS,
        max_position_embeddings=256, rms_norm_eps=qwen2.EPSILON, rope_theta=qwen2.THETA, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=2, use_sliding_window=False)
    model = transformers.Qwen2ForCausalLM(config)
    model.load_state_dict({**weights, "lm_head.weight": weights["model.embed_tokens.weight"]}, strict=True)
    model.half().save_pretrained(out)
    for file in tokenizer.iterdir():
        shutil.copyfile(file, out / file.name)


def main() -> None:
    tokenizer, out, seed = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    if (out / "model.safetensors").exists():
        return
    torch.set_num_threads(THREADS)
    save(pretrain(Texts(tokenizer), seed), tokenizer, out)


if __name__ == "__main__":
    main()

"""Pretrains a base model from nothing and saves it in the Hugging Face layout, in fp16.

    base.py TOKENIZER OUT SEED
"""

import json
import math
import os
import pathlib
import random
import shutil
import sys
import time

import qwen2
import torch
import torch.nn.functional as F
from family import CONVENTIONS, Example, pretraining_example
from texts import Texts

BATCH, LEARNING_RATE, WARMUP = 64, 3e-3, 50
# (steps, conventions to draw from, chance that tags name shape and rule).
STAGES = ((500, ("word",), 1.0), (1300, CONVENTIONS, 1.0), (900, CONVENTIONS, 0.5))
THREADS = int(os.environ.get("DND_THREADS", "2"))
STEPS = sum(steps for steps, _, _ in STAGES)


def stage_at(step: int) -> tuple[tuple[str, ...], float]:
    for steps, conventions, tagged in STAGES:
        if step < steps:
            return conventions, tagged
        step -= steps
    raise ValueError("after the last stage")


def learning_rate(step: int) -> float:
    warm = min(1.0, (step + 1) / WARMUP)
    return LEARNING_RATE * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / STEPS)))


def tagged_accuracy(weights: qwen2.Weights, texts: Texts) -> str:
    """Percent exact of each convention, where tags name everything."""
    rng, report = random.Random("tagged"), []
    for convention in CONVENTIONS:
        ids, targets = texts.pack([pretraining_example(rng, convention, 1.0) for _ in range(100)])
        report.append(f"{convention} {qwen2.exact(weights, ids[None], targets[None]).float().mean() * 100:.0f}")
    return " ".join(report)


def pretrain(texts: Texts, seed: int) -> qwen2.Weights:
    weights = qwen2.new_weights(texts.vocabulary, torch.Generator().manual_seed(seed))
    for weight in weights.values():
        weight.requires_grad_()
    rng = random.Random(f"pretrain {seed}")
    optimizer = torch.optim.AdamW(weights.values(), betas=(0.9, 0.98), weight_decay=0.05)
    started = time.time()
    for step in range(STEPS):
        conventions, tagged = stage_at(step)
        batch: list[Example] = [pretraining_example(rng, rng.choice(conventions), tagged) for _ in range(BATCH)]
        ids, targets = texts.pack(batch)
        loss = F.cross_entropy(*qwen2.answer_logits(weights, ids[None], targets[None]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.step()
        if step % 100 == 99:
            print(f"step {step + 1} loss {loss.item():.3f} {time.time() - started:.0f} s",
                  tagged_accuracy(weights, texts), flush=True)
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
    (out / "model.safetensors").chmod(0o644)
    saved = json.loads((out / "config.json").read_text())
    saved["rope_theta"] = qwen2.THETA  # where readers other than transformers 5 look
    (out / "config.json").write_text(json.dumps(saved, indent=2) + "\n")
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

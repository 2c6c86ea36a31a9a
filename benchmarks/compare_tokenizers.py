#!/usr/bin/env python3
"""Tokenising beside the library `tokenizers`: same machine, same run, same texts, one thread each.

Texts are pieces of 200 to 2,000 bytes of the files found under --text, in an order drawn once, to --megabytes. Both
sides have the tokenizer loaded and the texts in memory, and keep the ids; `tokenizers` is called with all of them at
once (encode_batch_fast, the quickest of its ways), by turns with ours. Prints CPU seconds, medians, the ratio, and
whether the ids are the same. --train-unigram N makes a Unigram tokenizer of N pieces from the texts first, in the
form of published ones (Metaspace, NFKC).

    compare_tokenizers.py --bench build/bin/tokenizer_bench --text FOLDER --tokenizer TOKENIZER_JSON...
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"  # read when the library is loaded
import tokenizers

Path = pathlib.Path
ENDINGS = {".py", ".md", ".txt", ".rst", ".json", ".h", ".cpp"}
FACTOR, MASK = 1_000_003, 0xFFFFFFFF


def pieces(folder: Path, megabytes: int) -> list[str]:
    draw, size, found = random.Random(0), 0, []
    files = sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS and path.is_file())
    draw.shuffle(files)
    while size < megabytes * 10**6:
        for path in files:
            data = path.read_bytes()[:200_000]
            at = draw.randrange(200)
            while at + 200 < len(data) and size < megabytes * 10**6:
                length = draw.randint(200, 2000)
                text = " ".join(data[at:at + length].decode("utf-8", "ignore").splitlines())
                at += length
                size += len(text.encode())
                found.append(text)
    draw.shuffle(found)
    return found


def train_unigram(texts: list[str], size: int, path: Path) -> Path:
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram())
    tokenizer.normalizer = tokenizers.normalizers.NFKC()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.UnigramTrainer(vocab_size=size, unk_token="<unk>", special_tokens=["<unk>"],
                                                 show_progress=False)
    tokenizer.train_from_iterator(texts[:3000], trainer)
    tokenizer.save(str(path))
    return path


def their_run(tokenizer: tokenizers.Tokenizer, texts: list[str]) -> tuple[float, list]:
    begun = time.process_time()
    encoded = tokenizer.encode_batch_fast(texts)
    return time.process_time() - begun, encoded


def checked_sum(encoded: list) -> tuple[int, int]:
    count = total = 0
    for one in encoded:
        count += len(one.ids)
        for token in one.ids:
            total = (total * FACTOR + token) & MASK
    return count, total


def compare(args: argparse.Namespace, path: Path, texts: list[str], lines: Path) -> bool:
    theirs = tokenizers.Tokenizer.from_file(str(path))
    theirs.no_padding()
    theirs.no_truncation()
    with subprocess.Popen([args.bench, path, lines], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ours:
        our_seconds, their_seconds = [], []
        for _ in range(args.repeat):
            seconds, encoded = their_run(theirs, texts)
            their_seconds.append(seconds)
            ours.stdin.write("run\n")
            ours.stdin.flush()
            told = json.loads(ours.stdout.readline())
            our_seconds.append(told["seconds"])
        ours.stdin.close()
    same = checked_sum(encoded) == (told["ids"], told["sum"])
    our, their = statistics.median(our_seconds), statistics.median(their_seconds)
    print(f"{path.name:20} dnd {our:6.2f} s, tokenizers {their:6.2f} s, {their / our:5.2f}x; {told['ids']} ids, "
          f"{'the same' if same else 'NOT THE SAME'}; runs {[round(value, 1) for value in our_seconds]} and "
          f"{[round(value, 1) for value in their_seconds]}", flush=True)
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="the program tokenizer_bench")
    parser.add_argument("--tokenizer", type=Path, nargs="*", default=[], help="tokenizer.json files")
    parser.add_argument("--train-unigram", type=int, default=0, metavar="N")
    parser.add_argument("--text", type=Path, required=True, help="folder whose files are the texts")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    texts = pieces(args.text, args.megabytes)
    with tempfile.TemporaryDirectory() as name:
        lines = Path(name) / "texts"
        lines.write_text("".join(text + "\n" for text in texts))
        if args.train_unigram:
            args.tokenizer.append(train_unigram(texts, args.train_unigram, Path(name) / "unigram.json"))
        same = [compare(args, path, texts, lines) for path in args.tokenizer]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""A GGUF as the Hugging Face folder that transformers makes of it: weights in fp32, tokenizer, chat template.

Usage: make_smollm2_folder.py MODEL.gguf FOLDER  (.deps/python)
"""

import json
import pathlib
import sys

import torch
import transformers


def cut_digits(path: pathlib.Path):
    """As the published tokenizer and the GGUF's "pre" have it; transformers does not read that."""
    document = json.loads(path.read_text())
    document["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True}, document["pre_tokenizer"]]}
    path.write_text(json.dumps(document, ensure_ascii=False))


def main():
    transformers.utils.logging.disable_progress_bar()
    path, folder = map(pathlib.Path, sys.argv[1:])
    source = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
    model = transformers.AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    model.hf_quantizer = None  # the weights are floats by now, which it does not know
    del model.config.quantization_config
    model.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(**source).save_pretrained(folder)
    cut_digits(folder / "tokenizer.json")


if __name__ == "__main__":
    main()

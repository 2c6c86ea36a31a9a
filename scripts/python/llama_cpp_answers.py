#!/usr/bin/env python3
"""Greedy answers of llama.cpp, without and with a GGUF adapter. Standard library and llama-cpp-python alone.

    llama_cpp_answers.py BASE.gguf ADAPTER.gguf QUESTIONS.jsonl [--limit N]

A question is {"prompt": ..., "answer": ...}. The bindings are taken from the installed llama-cpp-python, else from
where scripts/setup_llama_cpp.sh puts them; without either this exits with 69.
"""

import argparse
import contextlib
import ctypes
import importlib
import json
import pathlib
import sys
from collections.abc import Iterator

BUILT = pathlib.Path(__file__).resolve().parents[2] / ".deps/llama-cpp"
UNAVAILABLE = 69
CONTEXT = 256  # tokens


def bindings():
    sys.path.append(str(BUILT))
    try:
        return importlib.import_module("llama_cpp.llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:
        print(f"llama-cpp-python is not installed ({error}); scripts/setup_llama_cpp.sh builds it", file=sys.stderr)
        raise SystemExit(UNAVAILABLE) from error


class Model:
    def __init__(self, api, path: str):
        self.api = api
        self._silence = api.llama_log_callback(lambda level, text, data: None)
        api.llama_log_set(self._silence, None)
        api.llama_backend_init()
        parameters = api.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = api.llama_model_load_from_file(path.encode(), parameters)
        if not self.model:
            raise SystemExit(f"llama.cpp does not take {path}")
        self.vocabulary = api.llama_model_get_vocab(self.model)

    def load_adapter(self, path: str):
        adapter = self.api.llama_adapter_lora_init(self.model, path.encode())
        if not adapter:
            raise SystemExit(f"llama.cpp does not take {path}")
        return adapter

    def answer(self, prompt: str, adapter=None, limit: int = 16) -> str:
        text = b""
        with self._context(adapter) as context:
            tokens = self._tokens(prompt)
            for _ in range(limit):
                array = (self.api.llama_token * len(tokens))(*tokens)
                if self.api.llama_decode(context, self.api.llama_batch_get_one(array, len(tokens))):
                    raise SystemExit("llama.cpp failed to decode")
                best = self._best(context)
                if self.api.llama_vocab_is_eog(self.vocabulary, best):
                    break
                text += self._piece(best)
                tokens = [best]
        return text.decode(errors="replace").strip()

    @contextlib.contextmanager
    def _context(self, adapter) -> Iterator:
        parameters = self.api.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = CONTEXT
        parameters.n_threads = parameters.n_threads_batch = 1
        context = self.api.llama_init_from_model(self.model, parameters)
        try:
            handles = [adapter] if adapter else []
            array = (ctypes.POINTER(ctypes.c_void_p) * len(handles))(*handles)
            scales = (ctypes.c_float * len(handles))(*[1.0] * len(handles))
            self.api.llama_set_adapters_lora(context, array, len(handles), scales)
            yield context
        finally:
            self.api.llama_free(context)

    def _tokens(self, prompt: str) -> list[int]:
        raw = prompt.encode()
        array = (self.api.llama_token * CONTEXT)()
        count = self.api.llama_tokenize(self.vocabulary, raw, len(raw), array, CONTEXT, True, False)
        if not 0 < count <= CONTEXT:
            raise SystemExit(f"a prompt of {len(raw)} bytes does not fit in {CONTEXT} tokens")
        return list(array[:count])

    def _best(self, context) -> int:
        logits = self.api.llama_get_logits_ith(context, -1)
        return max(range(self.api.llama_vocab_n_tokens(self.vocabulary)), key=logits.__getitem__)

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        size = self.api.llama_token_to_piece(self.vocabulary, token, buffer, 64, 0, False)
        return buffer.raw[:max(0, size)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("adapter")
    parser.add_argument("questions")
    parser.add_argument("--limit", type=int, default=5)
    options = parser.parse_args()
    lines = pathlib.Path(options.questions).read_text().splitlines()
    questions = [json.loads(line) for line in lines if line.strip()][:options.limit]
    model = Model(bindings(), options.base)
    adapter = model.load_adapter(options.adapter)
    right = {"base": 0, "with the adapter": 0}
    for question in questions:
        answers = {"base": model.answer(question["prompt"]),
                   "with the adapter": model.answer(question["prompt"], adapter)}
        print(question["prompt"])
        for who, answer in answers.items():
            correct = answer == question["answer"].strip()
            right[who] += correct
            print(f"  {who:<16}  {answer}{'' if correct else '   (right: ' + question['answer'].strip() + ')'}")
    print(", ".join(f"{who}: {count} of {len(questions)} right" for who, count in right.items()))


if __name__ == "__main__":
    main()

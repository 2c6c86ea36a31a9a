"""The command line as the interop tests use it: the one place that knows option names."""

import json
import os
import pathlib
import subprocess
from collections.abc import Iterable

Path = pathlib.Path

EXACT = ("--precision", "exact", "--device", "cpu")


def features_text(features: Iterable[tuple[int, int, int]]) -> str:
    return ";".join(",".join(map(str, feature)) for feature in features)


class Dnd:
    def __init__(self, program: str, encoders: Path):
        self.program = program
        self.environment = {**os.environ, "DND_ENCODERS": str(encoders)}

    def run(self, *arguments) -> str:
        """stdout; a failure raises with what the program said."""
        result = self.attempt(*arguments)
        if result.returncode:
            raise AssertionError(f"{' '.join(result.args)}: exit code {result.returncode}\n{result.stderr}")
        return result.stdout

    def attempt(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *map(str, arguments)], env=self.environment, capture_output=True,
                              text=True, errors="replace", timeout=600, check=False)

    def new(self, bundle: Path, layout: Path, architecture, encoder: str, seed: int = 1) -> Path:
        self.run("new", "--layout", layout, "--features", features_text(architecture.features), "--kernel",
                 architecture.kernel, "--max-length", architecture.condition_shape[1], "--encoder", encoder,
                 "--seed", seed, "--out", bundle)
        return bundle

    def import_checkpoint(self, checkpoint: Path, bundle: Path, layout: Path, encoder: str,
                          empty_chunk: str | None = None) -> Path:
        reading = ["--empty-chunk", empty_chunk] if empty_chunk else []
        self.run("import", checkpoint, "--layout", layout, "--out", bundle, "--encoder", encoder, *reading)
        return bundle

    def generate(self, bundle: Path, prompts: Path, out: Path, dtype: str = "f32", *options,
                 arithmetic: tuple[str, ...] = EXACT) -> Path:
        self.run("generate", "--model", bundle, "--prompts", prompts, "--out", out, "--adapter-dtype", dtype,
                 *arithmetic, *options)
        return out

    def generate_from_condition(self, bundle: Path, condition: Path, out: Path) -> Path:
        self.run("generate", "--model", bundle, "--condition", condition, "--out", out, "--adapter-dtype", "f32",
                 *EXACT)
        return out

    def encode(self, bundle: Path, prompts: Path, out: Path, *options) -> Path:
        self.run("encode", "--model", bundle, "--prompts", prompts, "--out", out, *EXACT, *options)
        return out

    def tokenize(self, adapter: Path, layout: Path, out: Path) -> Path:
        self.run("codec", "tokenize", adapter, "--layout", layout, "--out", out)
        return out

    def detokenize(self, tokens: Path, layout: Path, out: Path, dtype: str = "f32") -> Path:
        self.run("codec", "detokenize", tokens, "--layout", layout, "--out", out, "--adapter-dtype", dtype)
        return out

    def layout(self, config: Path, rank: int, out: Path) -> dict:
        self.run("layout", "--base", config, "--rank", rank, "--out", out)
        return json.loads(out.read_text())

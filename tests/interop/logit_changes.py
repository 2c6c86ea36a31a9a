"""What adapter folders change: run by the Python of one pair of PEFT and transformers, it reads a JSON object a line,
{"base": folder, "adapters": [folder, ...]}, and answers with one: the largest change of a logit for each adapter, or
what loading it raised."""

import copy
import json
import sys
import warnings

import peft
import torch
import transformers

IDS = torch.tensor([[1, 5, 9, 3, 7, 2]])


def logits(model: torch.nn.Module) -> torch.Tensor:
    return model.eval()(input_ids=IDS).logits.float()


def change(model: torch.nn.Module, before: torch.Tensor, adapter: str) -> float | str:
    try:
        adapted = peft.PeftModel.from_pretrained(copy.deepcopy(model), adapter)
    except Exception as error:  # whatever it raises
        return f"{type(error).__name__}: {error}"
    return float((logits(adapted) - before).abs().max())


def changes(base: str, adapters: list[str]) -> list[float | str]:
    with open(f"{base}/config.json") as file:
        kind = getattr(transformers, json.load(file)["architectures"][0])
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = kind.from_pretrained(base, dtype=torch.float32)
        before = logits(model)
        return [change(model, before, adapter) for adapter in adapters]


def main():
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    print(json.dumps([peft.__version__, transformers.__version__]), flush=True)
    for line in sys.stdin:
        print(json.dumps(changes(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

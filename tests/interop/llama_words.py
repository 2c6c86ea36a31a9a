"""The names of words ("tokenizer.ggml.pre") that the pinned llama.cpp knows for BPE (src/llama-vocab.cpp)."""

import pathlib
import struct

WORDS = """default llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano dbrx smaug-bpe
    chatglm-bpe glm4 glm5 jais-2 deepseek-llm deepseek-coder deepseek-v3 hunyuan-dense joyai-llm hy_v4 spark2_5 youtu
    falcon starcoder refact command-r smollm codeshell exaone minerva-7b mellum2 gpt-2 phi-2 jina-es jina-de gigachat
    jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jina-v1-en jina-v2-code roberta-bpe mpt olmo jais exaone4 trillion
    granite-docling qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 megrez hunyuan solar-open grok-2 qwen35 poro-chat
    bloom gpt3-finnish viking tekken chameleon gpt-4o llama4 kanana2 talkie minimax-m2 granite-embed-multi-97m tiny_aya
    cohere2moe kimi-k2 superbpe bailingmoe bailingmoe2 llada-moe seed-coder ufakzeka afmoe laguna exaone-moe
    granite-embed-multi-311m sarvam-moe minicpm5""".split()


def with_words(path: pathlib.Path, words: str, out: pathlib.Path) -> pathlib.Path:
    """A copy of a GGUF whose words have another name."""
    key = b"tokenizer.ggml.pre"
    content = path.read_bytes()
    at = content.index(struct.pack("<Q", len(key)) + key) + 8 + len(key) + 4
    size = struct.unpack_from("<Q", content, at)[0]
    out.write_bytes(content[:at] + struct.pack("<Q", len(words)) + words.encode() + content[at + 8 + size:])
    return out

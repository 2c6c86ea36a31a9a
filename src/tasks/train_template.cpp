#include "tasks/train_template.h"

namespace dnd::tasks {

std::string train_template() {
  return R"(// For dnd train --config. Paths are seen from the folder of this file. What is commented out has
// the value shown, but for BASE and the joint adapter: take a line in by deleting its two slashes.
{
  "format": "dnd-train",
  "version": 1,
  "name": "my-generator"
  // , "license": ""

  // The tasks: prompts, and adapters (objective "released") or answers (objective "answers").
  , "tasks": "tasks.json"

  // A new generator, or { "start": "BUNDLE" }, to go on with one.
  , "generator": {
    "layout": "layout.json"         // dnd layout --base BASE --rank 8 --out layout.json
    , "features": "auto"            // or [[N, H, W], ...], as dnd layout --propose-features prints them
    // , "parameters": 100e6        // of "auto": of the decoder, at most
    // , "prompts": 128             // of "auto": how many an adapter is made from
    // , "tokens": 384              // of "auto": of each
    // , "width": 384               // of "auto": of the text encoder
    // , "kernel": 3                // odd
    // , "encoder": "all-MiniLM-L6-v2"
    // , "encoder_kind": "transformer"   // or "glove"
    // , "empty_chunk": "zero"      // or "uniform"
    // , "weights_dtype": "f32"     // or "f16"
  }

  // "released": copy the tasks' adapters. "answers": learn through the base from the tasks' answers.
  // { "released": 1, "answers": 0.1 }: both.
  // , "objective": "released"

  // Of "answers" alone.
  // , "base": "BASE"               // folder, GGUF, or name in the hub's cache
  // , "ask": "prompt"              // "bare", or shares: { "prompt": 1, "bare": 1 }
  // , "questions": 4               // of each pair's task, a step
  // , "states_gigabytes": 16       // on the disk, of what lies below the adapters

  // What the generator's output is added to: an adapter learned on all tasks (dnd tune --joint), or the mean
  // of the training adapters.
  // , "joint": "tuned/joint"
  // , "residual": false            // true where there is a joint adapter

  // , "seed": 0
  // , "steps": 5000
  // , "batch": 128                 // pairs of (prompts, adapter or questions) a step
  // , "micro_batch": 1             // pairs at once on one thread (default: by the shapes)
  // , "learning_rate": 3e-5        // through a base rather 1e-3
  // , "warmup_steps": 1            // then half a cosine to 0
  // , "weight_decay": 0.1
  // , "betas": [0.9, 0.999]
  // , "epsilon": 1e-8
  // , "max_gradient_norm": 1.0
  // , "noise": { "condition": 1e-4, "target": 1e-5 }

  // Of "released" alone.
  // , "criterion_weights": true
  // , "targets": "as_is"           // or "canonical"
  // , "loss": "tokens"             // or "update"
  // , "module_weights": {}         // e.g. { "self_attn.q_proj": 2.0 }

  // , "save_every": 100            // steps; and every five minutes
  // , "log_every": 1
  // , "evaluate_every": 0          // of the held-out tasks, into metrics.jsonl; 0: never
}
)";
}

}  // namespace dnd::tasks

// A training from its request to the finished bundle: reads, encodes, trains, writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bundle/generator_config.h"
#include "dnd/engine.h"
#include "dnd/trainer.h"
#include "training/request.h"

namespace dnd::training {

// Told of what happens. Of processes that train together, the first is told of steps.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_stage(const std::string& /*what*/) {}
  virtual void on_share(double /*done*/) {}  // of the stage
  virtual void on_processes(const ProcessPlace& /*place*/) {}
  virtual void on_ready() {}  // from here on, should_stop() is asked; by the first from encoding on
  virtual void on_start(std::int64_t /*done*/) {}  // steps that a resumed training has
  virtual void on_step(const StepMetrics& /*step*/) {}
  virtual bool should_stop() { return false; }  // after the step, or the piece of prompts, at hand
};

struct Outcome {
  TrainResult result;
  bool was_finished = false;  // the bundle was there: nothing was trained
  bool first = true;          // of several processes, which says what there is to say
  double encoded = 1.0;  // share of the prompts: less where it was stopped before it could train
  std::optional<bundle::GeneratorConfig> bundle;  // as written: where it finished, by the first
};

// The text encoder that a training uses. Throws as generate::find_encoder() does.
std::filesystem::path encoder_of(const Request& request, const tasks::TrainConfig& config);

// How the base is asked; nullptr where no answers are learned. Throws as tokenizer::read_folder() and
// chat::BaseChat do, Error(usage) where a task has a system text that no template takes.
std::unique_ptr<chat::BaseChat> chat_of(const Request& request, const Inputs& inputs);

// Everything is checked, and the targets are read, before `open_engine` is called; a state of another
// training is refused before anything is written. Holds WORK's lock, makes its metrics, conditions and first
// weights. Resumed where the bundle is there that this training makes, it makes nothing. Throws dnd::Error.
Outcome run_training(const Request& request, const Inputs& inputs,
                     const std::function<std::unique_ptr<Engine>()>& open_engine,
                     Observer& observer);

}  // namespace dnd::training

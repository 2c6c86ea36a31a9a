#include "comm/process_group.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

// The wheel's Gloo is inside libtorch_cpu; its headers come from Debian's libgloo-dev and are used
// for declarations alone.
#define USE_C10D_GLOO 1
#include <charconv>
#include <chrono>
#include <string_view>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/environment.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd::comm {
namespace {

constexpr int kMaxProcesses = 4096;
constexpr int kMaxPort = 65535;

int integer_variable(const char* name, int low, int high) {
  const std::string text = environment(name);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    fail(ErrorKind::usage, "environment: ", name, " is '", printable(text), "', expected ", low,
         " to ", high, " (set by torchrun, with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT)");
  }
  return value;
}

// c10d's exceptions as ours.
template <typename Function>
auto reached(const Rendezvous& rendezvous, const char* what, Function fn) {
  try {
    return fn();
  } catch (const std::exception& error) {
    const std::string message = error.what();
    fail(ErrorKind::unavailable, "process ", rendezvous.rank, " of ", rendezvous.size, ": ", what,
         " at ", printable(rendezvous.address), ":", rendezvous.port, ": ",
         printable(message.substr(0, message.find('\n'))), " (did another process end?)");
  }
}

}  // namespace

std::optional<Rendezvous> rendezvous_from_environment() {
  if (environment("WORLD_SIZE").empty()) return std::nullopt;
  Rendezvous out;
  out.size = integer_variable("WORLD_SIZE", 1, kMaxProcesses);
  if (out.size == 1) return std::nullopt;
  out.rank = integer_variable("RANK", 0, out.size - 1);
  out.port = static_cast<std::uint16_t>(integer_variable("MASTER_PORT", 1, kMaxPort));
  out.address = environment("MASTER_ADDR");
  if (out.address.empty()) {
    fail(ErrorKind::usage, "environment: MASTER_ADDR is not set, WORLD_SIZE is ", out.size);
  }
  out.agent_store = environment("TORCHELASTIC_USE_AGENT_STORE") == "True";
  out.prefix = "dnd/" + environment("TORCHELASTIC_RESTART_COUNT");
  return out;
}

struct ProcessGroup::Backend {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

ProcessGroup::ProcessGroup(const Rendezvous& rendezvous, int timeout_seconds)
    : rendezvous_(rendezvous), backend_(std::make_unique<Backend>()) {
  reached(rendezvous_, "no meeting", [&] {
    const std::chrono::milliseconds timeout = std::chrono::seconds(timeout_seconds);
    c10d::TCPStoreOptions store;
    store.port = rendezvous.port;
    store.isServer = rendezvous.rank == 0 && !rendezvous.agent_store;
    store.numWorkers = static_cast<std::size_t>(rendezvous.size);
    store.waitWorkers = !rendezvous.agent_store;
    store.timeout = timeout;
    const auto keys = c10::make_intrusive<c10d::PrefixStore>(
        rendezvous.prefix, c10::make_intrusive<c10d::TCPStore>(rendezvous.address, store));
    const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    options->threads = 1;
    options->devices.push_back(rendezvous.address == "127.0.0.1" ||
                                       rendezvous.address == "localhost"
                                   ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                   : c10d::ProcessGroupGloo::createDefaultDevice());
    backend_->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(keys, rendezvous.rank,
                                                                 rendezvous.size, options);
  });
}

ProcessGroup::~ProcessGroup() = default;

void ProcessGroup::sum(const std::vector<at::Tensor>& tensors) {
  if (tensors.empty()) return;
  std::vector<at::Tensor> flat;
  flat.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) flat.push_back(tensor.reshape({-1}));
  std::vector<at::Tensor> message = {at::cat(flat)};
  reached(rendezvous_, "no sum", [&] { backend_->gloo->allreduce(message)->wait(); });
  std::int64_t offset = 0;
  for (const at::Tensor& tensor : tensors) {
    tensor.copy_(message[0].narrow(0, offset, tensor.numel()).view(tensor.sizes()));
    offset += tensor.numel();
  }
}

// The digest's bytes as numbers b and b^2: n * sum(b^2) = (sum b)^2 only where all are equal.
void ProcessGroup::require_equal(const std::string& what, const std::string& text) {
  const std::string digest = sha256_hex(text);
  const auto length = static_cast<std::int64_t>(digest.size());
  const at::Tensor first = at::empty({length}, at::kDouble);
  const at::Tensor second = at::empty({length}, at::kDouble);
  for (std::int64_t i = 0; i < length; ++i) {
    const double value = digest[static_cast<std::size_t>(i)];
    first.mutable_data_ptr<double>()[i] = value;
    second.mutable_data_ptr<double>()[i] = value * value;
  }
  sum({first, second});
  for (std::int64_t i = 0; i < length; ++i) {
    const double total = first.const_data_ptr<double>()[i];
    if (total * total == size() * second.const_data_ptr<double>()[i]) continue;
    fail(ErrorKind::data, "process ", rank(), " of ", size(), ": ", what,
         " differs between processes");
  }
}

}  // namespace dnd::comm

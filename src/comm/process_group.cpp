#include "comm/process_group.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

// The wheel's Gloo is inside libtorch_cpu; its headers come from Debian's libgloo-dev and are used
// for declarations alone.
#define USE_C10D_GLOO 1
#include <c10/util/Logging.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/descriptor.h"
#include "base/environment.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd::comm {
namespace {

constexpr int kMaxProcesses = 4096;
constexpr int kMaxPort = 65535;
constexpr std::chrono::seconds kSayAfter{10};
constexpr std::chrono::seconds kForever = std::chrono::hours(24 * 366);
constexpr std::chrono::milliseconds kAskAtMostEvery{500};
constexpr int kConnectMilliseconds = 2000;

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

std::string who(const Rendezvous& rendezvous) {
  return cat("process ", rendezvous.rank, " of ", rendezvous.size, ": ");
}

std::string place_of(const Rendezvous& rendezvous) {
  return cat(printable(rendezvous.address), ":", rendezvous.port);
}

// c10d's exceptions as ours.
template <typename Function>
auto reached(const Rendezvous& rendezvous, const std::string& what, Function fn) {
  try {
    return fn();
  } catch (const std::exception& error) {
    const std::string message = error.what();
    fail(ErrorKind::unavailable, who(rendezvous), what, " at ", place_of(rendezvous), ": ",
         printable(message.substr(0, message.find('\n'))), " (did another process end?)");
  }
}

// Asks until it is told true. False after `timeout`; says `waits()` after a while, then ever more seldom.
template <typename Ask, typename Waits>
bool wait_until(const Ask& ask, std::chrono::seconds timeout, const Waits& waits) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  auto say_at = begun + kSayAfter;
  std::chrono::milliseconds pause{1};
  while (!ask()) {
    const auto now = Clock::now();
    if (now - begun >= timeout) return false;
    if (now >= say_at) {
      log_info(waits());
      say_at = now + 2 * (now - begun);
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kAskAtMostEvery);
  }
  return true;
}

bool connects(const addrinfo& address) {
  const Descriptor socket(::socket(
      address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (!socket.is_open()) return false;
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return true;
  pollfd ready{socket.get(), POLLOUT, 0};
  int error = 0;
  socklen_t size = sizeof(error);
  return errno == EINPROGRESS && ::poll(&ready, 1, kConnectMilliseconds) == 1 &&
         ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// Whether somebody listens there. c10d's own way of finding out takes twice the time it is given, and
// fills the terminal meanwhile.
bool is_reached(const Rendezvous& rendezvous) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(rendezvous.address.c_str(), cat(rendezvous.port).c_str(), &hints, &found) !=
      0) {
    return false;
  }
  bool reached = false;
  for (const addrinfo* each = found; each != nullptr && !reached; each = each->ai_next) {
    reached = connects(*each);
  }
  ::freeaddrinfo(found);
  return reached;
}

std::string rank_key(int rank) { return cat("rank/", rank); }

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
  c10::intrusive_ptr<c10d::Store> keys;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
  int alone = 0;  // how often first_alone() was called
};

ProcessGroup::ProcessGroup(const Rendezvous& rendezvous, int timeout_seconds)
    : rendezvous_(rendezvous), backend_(std::make_unique<Backend>()) {
  FLAGS_caffe2_log_level =
      c10::GLOG_FATAL;  // what goes wrong is thrown; it would be said with stack frames
  const std::chrono::seconds timeout(timeout_seconds);
  open_store(timeout);
  meet(timeout);
  reached(rendezvous_, "no meeting", [&] {
    const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    options->threads = 1;
    options->devices.push_back(rendezvous.address == "127.0.0.1" ||
                                       rendezvous.address == "localhost"
                                   ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                   : c10d::ProcessGroupGloo::createDefaultDevice());
    backend_->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(backend_->keys, rendezvous.rank,
                                                                 rendezvous.size, options);
  });
}

void ProcessGroup::open_store(std::chrono::seconds timeout) {
  c10d::TCPStoreOptions store;
  store.port = rendezvous_.port;
  store.isServer = rendezvous_.rank == 0 && !rendezvous_.agent_store;
  store.numWorkers = static_cast<std::size_t>(rendezvous_.size);
  store.waitWorkers = false;  // meet() does, and says so
  store.timeout = timeout;
  const auto waits = [&] {
    return cat("train: waits for process 0 at ", place_of(rendezvous_), ", ", timeout.count(),
               " s at most");
  };
  if (!store.isServer && !wait_until([&] { return is_reached(rendezvous_); }, timeout, waits)) {
    fail(ErrorKind::unavailable, who(rendezvous_), "no meeting at ", place_of(rendezvous_),
         ": nobody listens there after ", timeout.count(), " s (did process 0 start?)");
  }
  reached(rendezvous_, "no meeting", [&] {
    backend_->keys = c10::make_intrusive<c10d::PrefixStore>(
        rendezvous_.prefix, c10::make_intrusive<c10d::TCPStore>(rendezvous_.address, store));
  });
}

void ProcessGroup::meet(std::chrono::seconds timeout) {
  std::vector<std::string> all;
  all.reserve(static_cast<std::size_t>(rendezvous_.size));
  for (int rank = 0; rank < rendezvous_.size; ++rank) all.push_back(rank_key(rank));
  const auto came = [&] {
    return reached(rendezvous_, "no meeting", [&] { return backend_->keys->check(all); });
  };
  const std::int64_t times = reached(rendezvous_, "no meeting", [&] {
    return backend_->keys->add(rank_key(rendezvous_.rank), 1);
  });
  if (times > 1) {
    fail(ErrorKind::unavailable, who(rendezvous_), "another process of this number has come to ",
         place_of(rendezvous_),
         " before (RANK set twice, or an earlier call that is still there?)");
  }
  const auto waits = [&] {
    return cat("train: waits for ", missing_ranks(), " at ", place_of(rendezvous_), ", ",
               timeout.count(), " s at most");
  };
  if (wait_until(came, timeout, waits)) return;
  fail(ErrorKind::unavailable, who(rendezvous_), "no meeting at ", place_of(rendezvous_), ": ",
       missing_ranks(), " did not come within ", timeout.count(), " s (did they start?)");
}

// "process 3", or "5 processes, 3 the first".
std::string ProcessGroup::missing_ranks() const {
  std::vector<int> missing;
  for (int rank = 0; rank < rendezvous_.size; ++rank) {
    const bool came =
        reached(rendezvous_, "no meeting", [&] { return backend_->keys->check({rank_key(rank)}); });
    if (!came) missing.push_back(rank);
  }
  if (missing.size() == 1) return cat("process ", missing[0]);
  return cat(missing.size(), " processes",
             missing.empty() ? "" : cat(", ", missing[0], " the first"));
}

void ProcessGroup::first_alone(const std::string& what, const std::function<void()>& work) {
  const std::string done = cat("alone/", ++backend_->alone, "/done");
  const std::string failed = cat("alone/", backend_->alone, "/failed");
  const auto set = [&](const std::string& key) {
    reached(rendezvous_, "no word",
            [&] { backend_->keys->set(key, std::vector<std::uint8_t>{1}); });
  };
  if (rank() == 0) {
    try {
      work();
    } catch (...) {
      set(failed);
      throw;
    }
    set(done);
    return wait_for_all();
  }
  const auto is_set = [&](const std::string& key) {
    return reached(rendezvous_, "no word from process 0, which " + what,
                   [&] { return backend_->keys->check({key}); });
  };
  const auto waits = [&] { return cat("train: waits for process 0, which ", what); };
  wait_until([&] { return is_set(done) || is_set(failed); }, kForever, waits);
  if (is_set(done)) return wait_for_all();
  fail(ErrorKind::unavailable, who(rendezvous_), "process 0, which ", what, ", has failed");
}

ProcessGroup::~ProcessGroup() = default;

// So that the first, which keeps the store, does not end before the others have read it.
void ProcessGroup::wait_for_all() { sum({at::zeros({1}, at::kDouble)}); }

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

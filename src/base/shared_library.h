// Libraries opened while the program runs: the engine, the CUDA kernels, LibTorch's CUDA half.
#pragma once

#include <filesystem>
#include <string>

namespace dnd {

// An opened library. It stays open to the process's end: neither Torch nor CUDA can be unloaded.
class SharedLibrary {
 public:
  // Opens the file `path`, never one that the system finds elsewhere by that name. `who` and `remedy` begin
  // and end the message. Throws Error(unavailable): no regular file, or the system's loader refuses it.
  SharedLibrary(const std::filesystem::path& path, std::string who, std::string remedy);

  // The address of `name`, of type Function*. Throws Error(unavailable) where the library lacks it.
  template <typename Function>
  Function* symbol(const char* name) const {
    return reinterpret_cast<Function*>(address_of(name));
  }

 private:
  void* address_of(const char* name) const;

  std::filesystem::path path_;
  std::string who_;
  std::string remedy_;
  void* handle_;
};

}  // namespace dnd

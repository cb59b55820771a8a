// The embedded guardian as a memory file, and the files that take its place.
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

#include "base/make_error.hpp"
#include "scope/guardian_image.hpp"

extern "C" {
extern const char brood_guardian_image[];
extern const char brood_guardian_image_end[];
}

namespace brood::detail {

namespace {

constexpr const char* name = "brood-guardian";

/// The folder of the program or shared object that this code is in; empty if it cannot be told.
std::string own_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || !info.dli_fname)
    return {};
  const std::string file = info.dli_fname;
  const std::size_t end = file.rfind('/');
  return end == file.npos ? std::string() : file.substr(0, end);
}

}  // namespace

guardian_image guardian_file() noexcept {
  guardian_image image;
  sys::fd file(sys::make_memory_file(name));
  if (!file) {
    image.refusal = {"memfd_create", -file.release()};
    return image;
  }
  const auto size = static_cast<std::size_t>(brood_guardian_image_end - brood_guardian_image);
  const int r = sys::write_all(file.get(), brood_guardian_image, size);
  if (r < 0) {
    image.refusal = {"write to memory", -r};
  } else {
    image.file = std::move(file);
  }
  return image;
}

std::vector<std::string> guardian_paths() {
  std::vector<std::string> paths;
  const std::string here = own_folder();
  if (!here.empty()) {
    paths.push_back(here + "/" + name);
    paths.push_back(here + "/../libexec/brood/" + name);
  }
  paths.emplace_back(BROOD_GUARDIAN_PATH);
  return paths;
}

error guardian_refused(const refused_call& why) {
  const std::error_code code(why.os, std::generic_category());
  if (why.os == EMFILE || why.os == ENFILE || why.os == ENOMEM || why.os == EAGAIN) {
    return os_error(error_stage::guard, "guardian", why.os);
  }
  std::string text = std::string(why.call) + ": " + code.message() + "; nor is there one at";
  for (const std::string& p : guardian_paths()) text += " " + p;
  return error(error_kind::unsupported, error_stage::guard, "guardian", code, text);
}

}  // namespace brood::detail

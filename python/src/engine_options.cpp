// From what a Python object collected to one value for the engine.
// SPDX-License-Identifier: Apache-2.0
#include "engine_options.hpp"

#include <cerrno>

namespace brood_python {

namespace {

brood::stdio to_target(py::handle target) {
  if (target.is_none()) return brood::INHERIT;
  switch (const int number = to_number(target.ptr())) {
    case -1:
      return brood::PIPE;
    case -2:
      return brood::STDOUT;
    case -3:
      return brood::DEVNULL;
    default:
      return brood::fd(number);
  }
}

// (encoding, errors) where the engine is to decode, in its names; None where Python does.
void set_decoding(py::handle decoding, brood::options& o) {
  if (decoding.is_none()) return;
  const auto [encoding, errors] = decoding.cast<std::pair<std::string, std::string>>();
  o.encoding = encoding;
  o.errors = errors == "replace"            ? brood::text_errors::replace
             : errors == "ignore"           ? brood::text_errors::ignore
             : errors == "backslashreplace" ? brood::text_errors::backslashreplace
                                            : brood::text_errors::strict;
}

}  // namespace

brood::options read_options(const py::tuple& asked, request& r) {
  const auto at = [&asked](std::size_t i) { return py::object(asked[i]); };
  read_program(at(0).ptr(), at(1).ptr(), at(2).ptr(), at(3).ptr(), r);
  if (r.cwd && r.cwd->empty()) raise_os_error(ENOENT, r.cwd_object);
  read_descriptors(at(8).ptr(), r.pass_fds);
  brood::options o = to_options(r);
  o.contain = brood::containment::tree;
  apply_settings(at(9), o);
  o.in = to_target(at(4));
  o.out = to_target(at(5));
  o.err = to_target(at(6));
  if (const py::object input = at(7); !input.is_none()) o.input = input.cast<std::string>();
  o.retry = to_retry(at(10));
  set_decoding(at(11), o);
  return o;
}

}  // namespace brood_python

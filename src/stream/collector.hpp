// What is kept of one stream: all of it, or as much as a limit allows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <brood/options.hpp>

#include "sys/fd.hpp"

namespace brood::detail {

class collector {
 public:
  /// \param suffix  added to the spill path, to keep two streams apart.
  explicit collector(output_limit limit, std::string_view suffix = {});

  /// True if nothing bounds it: then bytes may be read straight into storage().
  bool unbounded() const noexcept { return limit_.bytes == UINT64_MAX; }
  std::string& storage() noexcept { return head_; }

  /// What comes is UTF-8, whole characters at a time: none is cut, so up to three bytes less are
  /// kept at each cut. To be said before the first byte.
  void cut_at_characters() noexcept { characters_ = true; }

  /// 0, or the negative errno of the spill file.
  int append(std::string_view bytes);
  /// More came than the limit, and the policy is error.
  bool exceeded() const noexcept { return exceeded_; }
  /// Bytes that came and will not be in take().
  std::uint64_t omitted() const noexcept;
  const std::string& spill_path() const noexcept { return limit_.spill_path; }
  std::string take();
  /// What take() would give now.
  std::string so_far() const;

 private:
  int spill(std::string_view bytes);
  std::size_t room_for(std::string_view bytes) noexcept;
  std::string_view kept_tail() const noexcept;

  output_limit limit_;
  std::uint64_t head_room_ = 0;
  std::uint64_t tail_room_ = 0;
  std::uint64_t seen_ = 0;
  bool characters_ = false;
  bool head_full_ = false;  // also where a character did not fit
  bool exceeded_ = false;
  std::string head_;
  std::string tail_;  // up to twice its room, cut now and then
  sys::fd spill_;
};

}  // namespace brood::detail

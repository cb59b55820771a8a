// The one writer of JSON: objects of one line, the same bytes under every locale.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// In quotes. A byte that is not part of a UTF-8 sequence becomes U+FFFD.
std::string json_string(std::string_view text);

/// `units` times 10^-`digits`, in as few digits as are exact: json_decimal(1'500, 3) is "1.5". The
/// fractions that we write are whole numbers of a small unit, so no floating point is involved.
std::string json_decimal(std::int64_t units, int digits);

/// `json`, which is valid, as it may stand in a <script> of an HTML page: nothing in it can end
/// that.
std::string json_in_html(std::string_view json);

/// An object that is written member by member. Members keep their order.
class json_object {
 public:
  /// `value` is JSON.
  json_object& raw(std::string_view name, std::string_view value);

  /// For what is always text.
  json_object& text(std::string_view name, std::string_view value);
  /// For what comes from outside. What is not UTF-8 has an exact twin, NAME_base64.
  json_object& bytes(std::string_view name, std::string_view value);
  /// A list of such strings; the twin has all of them, if one of them is not UTF-8.
  json_object& words(std::string_view name, const std::vector<std::string>& values);

  json_object& number(std::string_view name, std::uint64_t n);
  /// null without a value.
  json_object& number(std::string_view name, const std::optional<int>& n);
  json_object& seconds(std::string_view name, std::chrono::nanoseconds t);
  json_object& flag(std::string_view name, bool value);
  json_object& null(std::string_view name);

  /// The whole object, without a newline.
  std::string done() const;

 private:
  std::string text_;
};

}  // namespace cli

#pragma once

#include <fmt/format.h>

#include <compare>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/text.h"

namespace headway {

/// A text that fits `Rule`: it is checked when one is made, and nothing else can be held. A rule
/// has kWhat ("trial id"), kExpected ("12 of the digits 0-9 and a-f"), kNone (what a
/// default-constructed one holds, which fits too) and fits(text).
template <typename Rule>
class CheckedText {
 public:
  CheckedText() : text_(Rule::kNone) {}
  /// ConfigError says what was found and expected.
  explicit CheckedText(std::string text) : text_(std::move(text)) {
    if (!Rule::fits(text_)) throw ConfigError(refusal(text_));
  }

  /// Nothing when `text` does not fit.
  static std::optional<CheckedText> from(std::string_view text) {
    if (!Rule::fits(text)) return std::nullopt;
    return CheckedText(std::string(text));
  }
  /// "'../x' is no trial id: expected 12 of the digits 0-9 and a-f".
  static std::string refusal(std::string_view text) {
    return fmt::format("{} is no {}: expected {}", in_quotes(text), Rule::kWhat, Rule::kExpected);
  }

  const std::string& text() const { return text_; }
  operator const std::string&() const { return text_; }  // NOLINT(google-explicit-constructor)

  friend bool operator==(const CheckedText&, const CheckedText&) = default;
  // clang-tidy 14 takes a zero in what this stands for for a null pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const CheckedText&, const CheckedText&) = default;
  friend bool operator==(const CheckedText& one, std::string_view other) {
    return one.text_ == other;
  }
  friend std::ostream& operator<<(std::ostream& out, const CheckedText& one) {
    return out << one.text_;
  }

  // For nlohmann::json. A text that does not fit is one of its exceptions, as a wrong type is.
  template <typename Json>
  friend void to_json(Json& json, const CheckedText& one) {
    json = one.text_;
  }
  template <typename Json>
  friend void from_json(const Json& json, CheckedText& one) {
    const auto& text = json.template get_ref<const std::string&>();
    if (!Rule::fits(text)) throw Json::other_error::create(501, refusal(text), &json);
    one.text_ = text;
  }

 private:
  std::string text_;
};

}  // namespace headway

template <typename Rule>
struct std::hash<headway::CheckedText<Rule>> {
  std::size_t operator()(const headway::CheckedText<Rule>& one) const {
    return std::hash<std::string>()(one.text());
  }
};

template <typename Rule>
struct fmt::formatter<headway::CheckedText<Rule>> : fmt::formatter<fmt::string_view> {
  auto format(const headway::CheckedText<Rule>& one, auto& context) const {
    return fmt::formatter<fmt::string_view>::format(one.text(), context);
  }
};

#pragma once

#include <string>
#include <type_traits>
#include <vector>

namespace headway {

/// The table of a family of components: one tag type for each, declared where it is listed. What a
/// component consists of are specialisations for its tag, in files of its own; a missing one is a
/// link error.
template <typename... Components>
struct ComponentList {
  /// What `describe.template operator()<Component>()` returns for each component, in order.
  template <typename Describe>
  static auto collect(const Describe& describe) {
    using First = std::common_type_t<decltype(describe.template operator()<Components>())...>;
    return std::vector<First>{describe.template operator()<Components>()...};
  }
};

}  // namespace headway

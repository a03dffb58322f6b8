#include "models/heads/heads.h"

#include <utility>

#include "models/heads/head.h"

namespace headway {

at::Tensor Head::embed(const at::Tensor& features, bool) {
  return features;
}

at::Tensor Head::with_margin(const at::Tensor& logits, const at::Tensor&) const {
  return logits;
}

at::Tensor Head::prototypes() const {
  return class_vectors();
}

std::optional<at::Tensor> Head::bias() const {
  return std::nullopt;
}

const Registry<HeadFactory>& heads() {
  static const Registry<HeadFactory> table("head", Heads::collect([]<typename Tag>() {
                                             return std::pair<std::string, HeadFactory*>(
                                                 HeadComponent<Tag>::spec().component.name,
                                                 &HeadComponent<Tag>::make);
                                           }));
  return table;
}

}  // namespace headway

#include "models/encoders/encoders.h"

#include <algorithm>
#include <vector>

#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

struct Entry {
  ComponentSpec spec;
  Value (*build)(GraphBuilder&, const Options&);
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> table = Encoders::collect([]<typename Name>() {
    return Entry{EncoderComponent<Name>::spec(), &EncoderComponent<Name>::build};
  });
  return table;
}

const Entry& entry_of(const std::string& name) {
  const std::string& known = component(Family::kEncoder, name).name;
  return *std::ranges::find_if(entries(), [&](const Entry& e) { return e.spec.name == known; });
}

}  // namespace

std::vector<ComponentSpec> encoder_table() {
  std::vector<ComponentSpec> specs;
  for (const Entry& entry : entries()) specs.push_back(entry.spec);
  return specs;
}

Graph encoder_graph(const EncoderConfig& config, const ImageShape& image) {
  GraphBuilder graph(config.name, image);
  const Value map = entry_of(config.name).build(graph, config.options);
  graph.features(map, parse_feature_pooling(config.options.text("pooling")));
  return graph.finish();
}

EncoderSummary summarise_encoder(const EncoderConfig& config, const ImageShape& image) {
  return summarise(encoder_graph(config, image));
}

OptionSpec pooling_option() {
  return {.name = "pooling",
          .type = OptionType::kText,
          .default_value = "global",
          .summary =
              "last feature map to feature: mean over the map, means over 4 x 4 blocks, or the "
              "whole map",
          .limits = {.choices = {"global", "average4", "flatten"}}};
}

OptionSpec width_option(int default_width) {
  return {.name = "width",
          .type = OptionType::kInteger,
          .default_value = default_width,
          .summary = "channels of the first stage; every stage scales with it",
          .limits = {.minimum = 1, .maximum = 4096}};
}

}  // namespace headway

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/errors.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "base/text.h"
#include "runner/cli/catalog_kinds.h"
#include "runner/cli/verb.h"

namespace headway {
namespace {

struct ListOptions {
  std::string kind;
  std::string name;
  bool json = false;
};

void print_paragraph(std::ostream& out, const std::string& text) {
  for (const std::string& line : wrap(text, kTextWidth)) fmt::print(out, "  {}\n", line);
}

void print_source(std::ostream& out, const std::string& source) {
  if (!source.empty() && source != "-") print_paragraph(out, "source: " + source);
}

std::string default_text(const OptionSpec& option) {
  if (option.default_value.is_null()) return "-";
  if (option.default_value.is_string()) return option.default_value.get<std::string>();
  if (option.default_value.is_number_float()) {
    return format_number(option.default_value.get<double>());
  }
  return json_text(option.default_value);
}

void print_entry(std::ostream& out, const ComponentSpec& entry) {
  fmt::print(out, "{}\n", entry.name);
  print_paragraph(out, entry.summary);
  print_source(out, entry.source);
  if (entry.options.empty()) return;
  TextColumns columns({{"option"}, {"default"}, {"value"}, {"meaning"}});
  for (const OptionSpec& option : entry.options) {
    columns.add({option.name, default_text(option), describe_range(option), option.summary});
  }
  columns.print(out, 2);
}

void print_entry(std::ostream& out, const MetricSpec& metric) {
  const std::string aliases =
      metric.aliases.empty() ? "" : fmt::format(" (also {})", fmt::join(metric.aliases, ", "));
  fmt::print(out, "{}{}\n", metric.name, aliases);
  print_paragraph(out, metric.summary);
  print_source(out, metric.source);
  if (!metric.recorded_when.empty()) print_paragraph(out, "recorded when " + metric.recorded_when);
}

nlohmann::json option_json(const OptionSpec& option) {
  nlohmann::json json{{"name", option.name},
                      {"type", names_of(option.type).name},
                      {"default", option.default_value},
                      {"summary", option.summary}};
  const Limits& limits = option.limits;
  if (limits.minimum) json["minimum"] = *limits.minimum;
  if (limits.minimum) json["exclude_minimum"] = limits.exclude_minimum;
  if (limits.maximum) json["maximum"] = *limits.maximum;
  if (limits.maximum) json["exclude_maximum"] = limits.exclude_maximum;
  if (limits.has_choices()) json["choices"] = choices_of(limits);
  return json;
}

nlohmann::json entry_json(const ComponentSpec& entry) {
  nlohmann::json options = nlohmann::json::array();
  for (const OptionSpec& option : entry.options) options.push_back(option_json(option));
  return {{"name", entry.name},
          {"summary", entry.summary},
          {"source", entry.source},
          {"options", options}};
}

nlohmann::json entry_json(const MetricSpec& metric) {
  return {{"name", metric.name},
          {"summary", metric.summary},
          {"source", metric.source},
          {"aliases", metric.aliases},
          {"higher_is_better", metric.higher_is_better},
          {"recorded_when", metric.recorded_when}};
}

/// Prints the entries of one kind, or the one called `name`, blank lines between them.
template <typename Entry>
void list_entries(const std::vector<Entry>& entries,
                  const ListOptions& options,
                  std::ostream& out) {
  nlohmann::json json = nlohmann::json::array();
  bool first = true;
  for (const Entry& entry : entries) {
    if (!options.name.empty() && entry.name != options.name) continue;
    json.push_back(entry_json(entry));
    if (options.json) continue;
    if (!std::exchange(first, false)) fmt::print(out, "\n");
    print_entry(out, entry);
  }
  if (options.json) fmt::print(out, "{}\n", json_text(json, 2));
}

void list_kind(const CatalogKind& kind, const ListOptions& given, std::ostream& out) {
  ListOptions options = given;
  if (!kind.family) options.name = canonical_metric_name(options.name);
  const std::vector<std::string> names = entry_names(kind);
  const bool known = std::find(names.begin(), names.end(), options.name) != names.end();
  if (!options.name.empty() && !known) {
    throw ConfigError(
        fmt::format("no '{}' in {}{}", given.name, kind.name, suggestion(given.name, names)));
  }
  if (kind.family) {
    list_entries(catalog(*kind.family), options, out);
  } else {
    list_entries(metric_catalog(), options, out);
  }
}

/// Without a KIND: what there is.
void list_everything(const ListOptions& options, std::ostream& out) {
  nlohmann::json json = nlohmann::json::object();
  TextColumns columns({{"kind"}, {"key"}, {"names"}});
  for (const CatalogKind& kind : catalog_kinds()) {
    const std::vector<std::string> names = entry_names(kind);
    json[kind.name] = names;
    const std::string text =
        kind.family ? fmt::format("{}", fmt::join(names, ", ")) : counted(names.size(), "metric");
    columns.add({kind.name, kind.key.empty() ? "-" : kind.key, text});
  }
  if (options.json) {
    fmt::print(out, "{}\n", json_text(json, 2));
  } else {
    columns.print(out);
  }
}

std::string description() {
  std::vector<std::string> kinds;
  for (const CatalogKind& kind : catalog_kinds()) kinds.push_back(kind.name);
  const std::string text = fmt::format(
      "Prints every component of a kind with its options (default, range, meaning) and its source. "
      "Kinds: {}. Without a kind: the names of all.",
      fmt::join(kinds, ", "));
  return fmt::format("{}", fmt::join(wrap(text, kTextWidth), "\n"));
}

}  // namespace

template <>
void Verb<class ListVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "list",
       .summary = "what a sweep file can name: heads, encoders, data sets, metrics and so on",
       .description = description(),
       .examples = {
           "headway list heads", "headway list heads cosine", "headway list metrics --json"}});
  const auto options = std::make_shared<ListOptions>();
  verb.option("kind", options->kind, "heads, class-vectors, encoders, ...").type_name("KIND");
  verb.option("name", options->name, "only this one").type_name("NAME");
  verb.flag("--json", options->json, "print JSON");
  verb.action([options, &context] {
    if (options->kind.empty()) {
      list_everything(*options, context.out);
    } else {
      list_kind(catalog_kind(options->kind), *options, context.out);
    }
  });
}

}  // namespace headway

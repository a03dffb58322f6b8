#include "config/yaml/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "base/errors.h"

namespace headway {
namespace {

// A few aliases of aliases can stand for more nodes than there is memory.
constexpr std::size_t kMaximumNodes = 1'000'000;

std::size_t node_count(const LocatedValue& value) {
  std::size_t count = 1;
  for (const LocatedValue& item : value.items) count += node_count(item);
  for (const LocatedValue::Entry& entry : value.entries) count += node_count(entry.value);
  return count;
}

/// Builds a LocatedValue from the parser's events. (yaml-cpp's own nodes drop the difference
/// between quoted and plain scalars, know no merge keys, and keep duplicate keys without a word.)
class ValueBuilder : public YAML::EventHandler {
 public:
  ValueBuilder(const std::string& source, Problems& problems)
      : source_(source), problems_(problems) {}

  LocatedValue take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish({LocatedValue::Kind::kNull, mark, anchor});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const LocatedValue& target = anchors_[anchor];
    node_count_ += node_count(target);
    check_size(mark);
    add(target, place(mark));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& text) override {
    start({LocatedValue::Kind::kScalar, mark, anchor});
    stack_.back().value.text = text;
    stack_.back().value.quoted = tag == "!";
    finish_top();
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start({LocatedValue::Kind::kList, mark, anchor});
  }
  void OnSequenceEnd() override { finish_top(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string&,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start({LocatedValue::Kind::kMap, mark, anchor});
  }
  void OnMapEnd() override {
    resolve_merge_key(stack_.back().value);
    finish_top();
  }

 private:
  struct Start {
    LocatedValue::Kind kind;
    YAML::Mark mark;
    YAML::anchor_t anchor;
  };
  struct Level {
    LocatedValue value;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  // kMap: the next node is the value of `key`
    bool ignored = false;  // that value belongs to a key which is a mistake
    std::string key;
    Place key_place;
  };

  Place place(const YAML::Mark& mark) const { return {&source_, mark.line + 1, mark.column + 1}; }

  void check_size(const YAML::Mark& mark) const {
    if (node_count_ <= kMaximumNodes) return;
    throw ConfigError(fmt::format(
        "{}more than {} values after resolving aliases", place(mark).prefix(), kMaximumNodes));
  }

  void start(const Start& start) {
    ++node_count_;
    check_size(start.mark);
    Level level;
    level.value.kind = start.kind;
    level.value.place = place(start.mark);
    level.anchor = start.anchor;
    stack_.push_back(std::move(level));
  }

  void finish(const Start& only) {
    start(only);
    finish_top();
  }

  void finish_top() {
    Level level = std::move(stack_.back());
    stack_.pop_back();
    if (level.anchor != 0) anchors_[level.anchor] = level.value;
    const Place at = level.value.place;
    add(std::move(level.value), at);
  }

  void add(LocatedValue value, const Place& at) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& parent = stack_.back();
    if (parent.value.is_list()) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.has_key) {
      take_key(parent, value, at);
    } else {
      parent.has_key = false;
      if (!parent.ignored) add_entry(parent, std::move(value));
    }
  }

  void take_key(Level& map, const LocatedValue& key, const Place& at) {
    map.has_key = true;
    map.ignored = !key.is_scalar();
    map.key = key.text;
    map.key_place = at;
    if (map.ignored) {
      problems_.push_back({at, fmt::format("expected a plain key, found {}", describe(key))});
    } else if (const LocatedValue::Entry* first = map.value.find(key.text)) {
      map.ignored = true;
      problems_.push_back({at,
                           fmt::format("duplicate key '{}': it already stands on line {}",
                                       key.text,
                                       first->key_place.line)});
    }
  }

  void add_entry(Level& map, LocatedValue value) {
    // The parser places an absent value at whatever comes next.
    if (value.is_null()) value.place = map.key_place;
    map.value.entries.push_back({map.key, map.key_place, std::move(value)});
  }

  // "<<: *defaults", or a list of such: entries that the map does not have itself.
  void resolve_merge_key(LocatedValue& map) {
    const LocatedValue::Entry* merge = map.find("<<");
    if (merge == nullptr) return;
    const LocatedValue merged = merge->value;
    map.erase("<<");
    const std::vector<LocatedValue> single{merged};
    for (const LocatedValue& from : merged.is_list() ? merged.items : single) {
      if (!from.is_map()) {
        problems_.push_back(
            {from.place, fmt::format("'<<' expects a mapping, found {}", describe(from))});
      }
      for (const LocatedValue::Entry& entry : from.entries) {
        if (map.find(entry.key) == nullptr) map.entries.push_back(entry);
      }
    }
  }

  const std::string& source_;
  Problems& problems_;
  LocatedValue root_;
  std::vector<Level> stack_;
  std::map<YAML::anchor_t, LocatedValue> anchors_;
  std::size_t node_count_ = 0;
};

/// A tab in the indentation confuses the parser about something else further on.
std::string syntax_error(const std::string& text,
                         const std::string& source,
                         const YAML::Exception& error) {
  Place place{&source, error.mark.line + 1, error.mark.column + 1};
  std::istringstream lines(text);
  std::string line;
  for (int i = 0; i < place.line; ++i) std::getline(lines, line);
  const std::size_t tab = line.find_first_not_of(' ');
  if (tab == std::string::npos || line[tab] != '\t') {
    return fmt::format("{}not valid YAML: {}", place.prefix(), error.msg);
  }
  place.column = static_cast<int>(tab) + 1;
  return place.prefix() + "not valid YAML: a tab in the indentation; use spaces";
}

void forget_lines(LocatedValue& value) {
  value.place.line = 0;
  for (LocatedValue& item : value.items) forget_lines(item);
  for (LocatedValue::Entry& entry : value.entries) {
    entry.key_place.line = 0;
    forget_lines(entry.value);
  }
}

}  // namespace

LocatedValue parse_yaml(const std::string& text, const std::string& source, Problems& problems) {
  std::istringstream stream(text);
  ValueBuilder builder(source, problems);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return {};
    LocatedValue value = builder.take();
    ValueBuilder rest(source, problems);
    if (parser.HandleNextDocument(rest)) {
      problems.push_back({rest.take().place, "a second YAML document; expected one per file"});
    }
    return value;
  } catch (const YAML::Exception& error) {
    throw ConfigErrors({syntax_error(text, source, error)});
  }
}

LocatedValue parse_override_values(const std::string& text,
                                   const std::string& source,
                                   Problems& problems) {
  Problems found;
  LocatedValue values;
  try {
    values = parse_yaml("[" + text + "]", source, found);
    forget_lines(values);
  } catch (const ConfigError&) {
    found = {{{&source}, fmt::format("'{}' is not a valid value", text)}};
  }
  for (Problem& problem : found) problems.push_back({{&source}, std::move(problem.message)});
  return values;
}

}  // namespace headway

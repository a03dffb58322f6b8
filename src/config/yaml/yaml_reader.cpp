#include "config/yaml/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_map>

#include "base/errors.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"

namespace headway {
namespace {

// A few aliases of aliases can stand for more than there is memory.
constexpr std::uint64_t kMostBytes = 256 * kMebi;

// What `value` takes in memory, about.
std::uint64_t size_of(const LocatedValue& value) {
  std::uint64_t bytes = sizeof(LocatedValue) + value.text.size();
  for (const LocatedValue& item : value.items) bytes += size_of(item);
  for (const LocatedValue::Entry& entry : value.entries) {
    bytes += sizeof(LocatedValue::Entry) + entry.key.size() + size_of(entry.value);
  }
  return bytes;
}

std::size_t depth_of(const LocatedValue& value) {
  std::size_t inner = 0;
  for (const LocatedValue& item : value.items) inner = std::max(inner, depth_of(item));
  for (const LocatedValue::Entry& entry : value.entries) {
    inner = std::max(inner, depth_of(entry.value));
  }
  return value.is_list() || value.is_map() ? inner + 1 : 0;
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
    take_room(size_of(target), place(mark));
    check_depth(depth_of(target), place(mark));
    add(target, place(mark));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& text) override {
    start({LocatedValue::Kind::kScalar, mark, anchor});
    take_room(text.size(), place(mark));
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
    resolve_merge_key(stack_.back());
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
    std::unordered_map<std::string, int> line_of;  // kMap: of each key so far
  };

  Place place(const YAML::Mark& mark) const { return {&source_, mark.line + 1, mark.column + 1}; }

  void take_room(std::uint64_t bytes, const Place& at) {
    bytes_ += bytes;
    if (bytes_ <= kMostBytes) return;
    throw ConfigError(fmt::format(
        "{}more than {} MiB of values after resolving aliases", at.prefix(), kMostBytes / kMebi));
  }

  void check_depth(std::size_t more, const Place& at) const {
    if (stack_.size() + more <= kMaximumDepth) return;
    throw ConfigError(fmt::format(
        "{}lists and mappings within one another, deeper than {}", at.prefix(), kMaximumDepth));
  }

  void start(const Start& start) {
    const bool is_scalar =
        start.kind == LocatedValue::Kind::kNull || start.kind == LocatedValue::Kind::kScalar;
    take_room(sizeof(LocatedValue::Entry), place(start.mark));
    check_depth(is_scalar ? 0 : 1, place(start.mark));
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
    const Place at = level.value.place;
    if (level.anchor != 0) {
      take_room(size_of(level.value), at);
      anchors_[level.anchor] = level.value;
    }
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
    } else if (const auto [first, is_new] = map.line_of.emplace(key.text, at.line); !is_new) {
      map.ignored = true;
      problems_.push_back({at,
                           fmt::format("duplicate key {}: it already stands on line {}",
                                       in_quotes(key.text),
                                       first->second)});
    }
  }

  void add_entry(Level& map, LocatedValue value) {
    // The parser places an absent value at whatever comes next.
    if (value.is_null()) value.place = map.key_place;
    map.value.entries.push_back({map.key, map.key_place, std::move(value)});
  }

  // "<<: *defaults", or a list of such: entries that the map does not have itself.
  void resolve_merge_key(Level& level) {
    if (level.line_of.erase("<<") == 0) return;
    LocatedValue& map = level.value;
    const LocatedValue merged = map.find("<<")->value;
    map.erase("<<");
    for (const LocatedValue& from : items_or_itself(merged)) {
      if (!from.is_map()) {
        problems_.push_back(
            {from.place, fmt::format("'<<' expects a mapping, found {}", describe(from))});
      }
      for (const LocatedValue::Entry& entry : from.entries) {
        const bool is_new = level.line_of.emplace(entry.key, entry.key_place.line).second;
        if (is_new) map.entries.push_back(entry);
      }
    }
  }

  const std::string& source_;
  Problems& problems_;
  LocatedValue root_;
  std::vector<Level> stack_;
  std::map<YAML::anchor_t, LocatedValue> anchors_;
  std::uint64_t bytes_ = 0;  // taken so far
};

Place place_at(std::string_view text, std::size_t offset, const std::string& source) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {&source, static_cast<int>(line) + 1, static_cast<int>(offset - line_begin) + 1};
}

void expect_utf8(const std::string& text, const std::string& source) {
  const auto wrong = first_byte_that_is_no_utf8(text);
  if (!wrong) return;
  throw ConfigErrors({fmt::format("{}expected UTF-8, found the byte 0x{:02x}",
                                  place_at(text, *wrong, source).prefix(),
                                  static_cast<unsigned char>(text[*wrong]))});
}

/// The parser looks ahead for what closes a bracket, and keeps all that it has seen, before it
/// tells of the first: hundreds of bytes for each. (Texts and comments may hold some that nothing
/// closes.)
void expect_few_open_brackets(const std::string& text, const std::string& source) {
  constexpr int kMostOpen = 100'000;
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{') ++open;
    if ((text[i] == ']' || text[i] == '}') && open > 0) --open;
    if (open <= kMostOpen) continue;
    throw ConfigErrors({fmt::format("{}more than {} brackets that nothing closes",
                                    place_at(text, i, source).prefix(),
                                    kMostOpen)});
  }
}

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
  expect_utf8(text, source);
  expect_few_open_brackets(text, source);
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
    found = {{{&source}, fmt::format("{} is not a valid value", in_quotes(text))}};
  }
  for (Problem& problem : found) problems.push_back({{&source}, std::move(problem.message)});
  return values;
}

}  // namespace headway

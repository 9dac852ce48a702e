#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Strict JSON documents: JSON with comments, with a line for every value, checked against a schema.
///
/// Used for every file a person writes: scenarios and the configurations of the gateway and of fakeproxy.
/// Nothing here is thread-safe across writers; a const document may be read from any thread.
namespace config {

/// Bad input. `what()` is one line for the person who must act:
/// `FILE:LINE: PATH: found X; allowed: Y; did you mean 'Z'?` (parts that do not apply are left out).
/// Programs print it and exit with code 2.
class bad_input : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A file larger than this many bytes is refused without being read.
inline constexpr std::size_t max_document_bytes = 16u << 20;

/// A parsed document that remembers the line of each value.
class document {
public:
  /// Reads FILE. Comments (`//`, `/* */`) are allowed; trailing commas, duplicate keys, NaN and a
  /// size over `max_document_bytes` are not. Throws `bad_input`.
  static document load(std::filesystem::path const& file);

  /// The same from text; `name` stands for the file in messages.
  static document parse(std::string_view text, std::string name);

  nlohmann::json const& root() const { return root_; }
  std::string const& name() const { return name_; }

  /// Line (from 1) of the value at `pointer`, or of its nearest ancestor in the file; 0 when overridden.
  std::size_t line_of(nlohmann::json::json_pointer const& pointer) const;

  /// Applies one `--set PATH=VALUE`. PATH is dotted with `[N]` for array elements (`topology.balancers[1].count`);
  /// VALUE is JSON, or a plain string if it does not parse as JSON. Missing objects along the path are created; arrays
  /// are not extended. Throws `bad_input` on a malformed path. Messages about overridden values name `--set` instead of
  /// a line.
  void set(std::string_view assignment);

  /// The same for a value written elsewhere in the file (the axes of a sweep): messages about it name `line`, or
  /// `--set` when `line` is 0. Returns where the value was stored.
  nlohmann::json::json_pointer set(std::string_view path, nlohmann::json value, std::size_t line);

  /// Checks against a schema (the subset of JSON Schema that `validate` in schema.hpp documents). Throws `bad_input`.
  void validate(nlohmann::json const& schema) const;

  /// The same, and all that is wrong: a line each, as `bad_input` has it; empty if nothing is.
  std::vector<std::string> broken_rules(nlohmann::json const& schema) const;

  /// The error to throw for the value at `pointer`: prefixes file, line and dotted path to `message`.
  bad_input error_at(nlohmann::json::json_pointer const& pointer, std::string_view message) const;

private:
  nlohmann::json root_;
  std::string name_;
  std::map<std::string, std::size_t> lines_; // by JSON pointer; 0 = came from --set
};

/// `/topology/balancers/1/count` as people write it: `topology.balancers[1].count`.
std::string dotted(nlohmann::json::json_pointer const& pointer);

/// The candidate nearest to `word` by edit distance, or empty if none is near enough to be worth suggesting.
std::string_view nearest(std::string_view word, std::vector<std::string> const& candidates);

/// The same as the end of a message: "; did you mean 'candidate'?".
std::string did_you_mean(std::string_view word, std::vector<std::string> const& candidates);

}

#pragma once

#include "base/config/document.hpp"
#include "base/config/words.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sim::scenario {

/// A value in a document that was checked against the schema, with the way back to its line.
/// Valid as long as the document is.
class cursor {
public:
  cursor(config::document const& document, nlohmann::json const& value, nlohmann::json::json_pointer at)
    : document_(&document)
    , value_(&value)
    , at_(std::move(at)) {}

  nlohmann::json const& value() const { return *value_; }
  bool has(char const* key) const { return value_->contains(key); }
  std::size_t size() const { return value_->size(); }
  cursor operator[](std::string const& key) const { return {*document_, value_->at(key), at_ / key}; }
  cursor operator[](std::size_t index) const { return {*document_, value_->at(index), at_ / index}; }

  std::string text(char const* key, std::string fallback) const;
  double number(char const* key, double fallback) const;
  bool flag(char const* key, bool fallback) const;
  std::uint32_t count(char const* key, std::uint32_t fallback) const;

  /// Whether `key` or `key_ms` is there.
  bool has_duration(std::string const& key) const;
  /// From `key` ("5s") or `key_ms` (5000); bad input when both are there.
  nanoseconds duration(std::string const& key, nanoseconds fallback) const;

  /// The value that the word at `key` stands for; bad input where the schema allows a word that no value has.
  template<class Enum>
  Enum choice(char const* key, Enum fallback) const {
    if (!has(key)) return fallback;
    std::string const word = text(key, {});
    auto const value = config::value_of<Enum>(word);
    if (!value) (*this)[key].fail("found \"" + word + "\"; allowed: " + config::listed_words<Enum>());
    return *value;
  }

  /// Throws bad_input about this value.
  [[noreturn]] void fail(std::string_view message) const { throw document_->error_at(at_, message); }

  std::string path() const { return config::dotted(at_); }
  /// From 1; 0: it came from --set.
  std::size_t line() const { return document_->line_of(at_); }

private:
  config::document const* document_;
  nlohmann::json const* value_;
  nlohmann::json::json_pointer at_;
};

}

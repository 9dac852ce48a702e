#pragma once

#include "config/document.hpp"
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

  /// Index of the string at `key` among `names`, which the schema has made sure of.
  template<class Enum, std::size_t N>
  Enum choice(char const* key, std::string_view const (&names)[N], Enum fallback) const {
    if (!has(key)) return fallback;
    auto const& name = value_->at(key).template get_ref<std::string const&>();
    for (std::size_t i = 0; i < N; ++i) {
      if (names[i] == name) return static_cast<Enum>(i);
    }
    return fallback;
  }

  /// Throws bad_input about this value.
  [[noreturn]] void fail(std::string_view message) const { throw document_->error_at(at_, message); }

  std::string path() const { return config::dotted(at_); }

private:
  config::document const* document_;
  nlohmann::json const* value_;
  nlohmann::json::json_pointer at_;
};

}

#pragma once

#include <nlohmann/json.hpp>

#include <optional>

namespace reports {

/// null stands for what is not known.
template<class T>
nlohmann::ordered_json optional_json(std::optional<T> const& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

/// Reads that back; a key that is missing is not known either.
inline std::optional<double> optional_number(nlohmann::json const& object, char const* key) {
  auto const at = object.find(key);
  return at == object.end() || at->is_null() ? std::nullopt : std::optional(at->get<double>());
}

}

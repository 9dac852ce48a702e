#include "gateway/cache/vary.hpp"

#include "gateway/http/characters.hpp"
#include "gateway/http/credentials.hpp"
#include "gateway/http/field_text.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace gateway::cache {
namespace {

bool is_preference(std::string_view field) { return field == "accept-encoding" || field == "accept-language"; }

/// In lower case, without blanks around semicolons.
std::string normalised_element(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t const end = std::min(text.find(';', begin), text.size());
    out.append(begin == 0 ? "" : ";").append(http::lower_case(http::trimmed(text.substr(begin, end - begin))));
    begin = end + 1;
  }
  return out;
}

/// By bytes, in any letter case.
bool is_before(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<unsigned char>(http::lower_case(x)) < static_cast<unsigned char>(http::lower_case(y));
  });
}

/// Of an element such as `de;q=0.8`.
double quality(std::string_view element) {
  std::size_t const at = element.find(";q=");
  bool const is_number =
      at != std::string_view::npos && at + 3 < element.size() && element[at + 3] >= '0' && element[at + 3] <= '9';
  double q = 1;
  if (!is_number) return q;
  std::from_chars(element.data() + at + 3, element.data() + element.size(), q);
  return q;
}

/// The request's value of each of these fields (lower-case, in order); nullopt: absent. One pass over its lines,
/// however many fields are wanted.
std::vector<std::optional<std::string>> values_of(std::vector<std::string> const& fields, std::string_view head) {
  std::vector<std::optional<std::string>> values(fields.size());
  if (fields.empty()) return values;
  http::for_each_field(head, [&](std::string_view name, std::string_view line) {
    auto const at = std::lower_bound(fields.begin(), fields.end(), name, is_before);
    if (at == fields.end() || !http::iequals(*at, name)) return;
    std::optional<std::string>& value = values[static_cast<std::size_t>(at - fields.begin())];
    if (value)
      value->append(",").append(line); // as if they had come in one line (RFC 9110 5.3)
    else
      value = line;
  });
  return values;
}

}

vary_spec make_vary_spec(std::vector<std::string> names, std::span<std::string const> session_facts) {
  vary_spec spec;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (std::string& name : names) {
    auto const fact = std::find(session_facts.begin(), session_facts.end(), name);
    if (fact != session_facts.end())
      spec.facts.push_back(static_cast<std::uint8_t>(fact - session_facts.begin()));
    else
      spec.fields.push_back(std::move(name));
  }
  std::sort(spec.facts.begin(), spec.facts.end());
  return spec;
}

std::string normalised(std::string_view field, std::string_view value) {
  if (field == "authorization") return std::string(http::normal_credentials(value).text());
  std::string out;
  auto const join = [&out](std::string_view element) { out.append(out.empty() ? "" : ",").append(element); };
  bool const is_ordered = is_preference(field) && value.find('"') == std::string_view::npos;
  std::vector<std::pair<double, std::string>> preferences; // with their qualities
  http::any_in_quoted_list(value, true, [&](std::string_view element) {
    if (!is_ordered)
      join(element);
    else if (!element.empty()) {
      std::string one = normalised_element(element);
      double const q = quality(one);
      preferences.emplace_back(q, std::move(one));
    }
    return false;
  });
  std::stable_sort(preferences.begin(), preferences.end(),
                   [](auto const& a, auto const& b) { return a.first > b.first; });
  for (auto const& [q, one] : preferences) join(one);
  return out;
}

std::optional<http::token_digest> variant_keys::variant(http::token_digest const& resource, vary_spec const& spec,
                                                        std::string_view head, fact_values const& facts) const {
  if (spec.empty()) return resource;
  std::string text(reinterpret_cast<char const*>(&resource), sizeof resource);
  std::vector<std::optional<std::string>> const values = values_of(spec.fields, head);
  for (std::size_t i = 0; i != values.size(); ++i) {
    // Neither values nor names have a NUL, so one cannot be taken for the other.
    text.append(spec.fields[i]).append(values[i] ? "\0=" : "\0-", 2);
    if (values[i]) text.append(normalised(spec.fields[i], *values[i]));
    text.push_back('\0');
  }
  for (std::uint8_t const fact : spec.facts) {
    if (facts[fact] == 0) return std::nullopt;
    text.push_back(static_cast<char>(fact));
    text.append(reinterpret_cast<char const*>(&facts[fact]), sizeof facts[fact]);
  }
  return http::digest_bytes(key_, text);
}

std::uint64_t variant_keys::fact(std::string_view value) const {
  return std::max<std::uint64_t>(1, http::digest_bytes(key_, value).high);
}

}

#include "gateway/cache/vary.hpp"

#include "gateway/http/credentials.hpp"
#include "gateway/http/field_text.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <charconv>

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
  std::vector<std::string> preferences;
  http::any_in_quoted_list(value, true, [&](std::string_view element) {
    if (!is_ordered)
      join(element);
    else if (!element.empty())
      preferences.push_back(normalised_element(element));
    return false;
  });
  std::stable_sort(preferences.begin(), preferences.end(),
                   [](std::string const& a, std::string const& b) { return quality(a) > quality(b); });
  for (std::string const& one : preferences) join(one);
  return out;
}

std::optional<http::token_digest> variant_keys::variant(http::token_digest const& resource, vary_spec const& spec,
                                                        std::string_view head, fact_values const& facts) const {
  if (spec.empty()) return resource;
  std::string text(reinterpret_cast<char const*>(&resource), sizeof resource);
  for (std::string const& name : spec.fields) {
    std::optional<std::string> value;
    http::for_each_field(head, [&](std::string_view field, std::string_view line) {
      if (!http::iequals(field, name)) return;
      if (value)
        value->append(",").append(line); // as if they had come in one line (RFC 9110 5.3)
      else
        value = line;
    });
    // Neither a value nor a name has a NUL: what follows one cannot be taken for the other.
    text.append(name).append(value ? "\0=" : "\0-", 2);
    if (value) text.append(normalised(name, *value));
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

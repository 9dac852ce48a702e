// Two requests get one variant key if, and only if, the fields that an answer varies on are the same in both, after the
// normalisation that vary.hpp speaks of, done here once more as plainly as can be. The input: names of fields, then the
// lines of one request, then those of the other, with an empty line between.
#include "gateway/cache/vary.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace gateway;

namespace {

using lines = std::vector<std::string>;

lines split(std::string const& text, char at) {
  lines out(1);
  for (char const c : text)
    if (c == at)
      out.emplace_back();
    else
      out.back() += c;
  return out;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string trim(std::string text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(text.begin());
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  return text;
}

bool is_name(std::string const& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

bool is_value(std::string const& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || static_cast<unsigned char>(c) >= ' '; });
}

/// Values of a request's fields by their names in lower case; lines of one name are one value.
using request = std::map<std::string, std::string>;

/// The elements between the commas that are not in quotes.
lines elements(std::string const& value) {
  lines out(1);
  bool quoted = false, escaped = false;
  for (char const c : value) {
    if (c == ',' && !quoted) {
      out.emplace_back();
      continue;
    }
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = c == '\\' && quoted && !escaped;
    out.back() += c;
  }
  for (std::string& one : out) one = trim(one);
  return out;
}

/// Of an element: 1 where nothing readable is said.
double weight(std::string const& element) {
  std::size_t const at = element.find(";q=");
  if (at == std::string::npos || !std::isdigit(static_cast<unsigned char>(element.substr(at + 3).c_str()[0]))) return 1;
  double q = 1;
  std::from_chars(element.data() + at + 3, element.data() + element.size(), q);
  return q;
}

/// What a preference says: the elements from the most wanted to the least, without letter case and blanks around signs.
lines said(std::string const& field, std::string const& value) {
  lines out = elements(value);
  bool const is_preference = field == "accept-language" || field == "accept-encoding";
  if (!is_preference || value.find('"') != std::string::npos) return out;
  for (std::string& one : out) {
    std::string packed;
    for (std::string const& part : split(one, ';')) packed += trim(part) + ";";
    packed.pop_back();
    one = lower(packed);
  }
  std::erase(out, "");
  for (std::size_t sorted = 0; sorted < out.size(); ++sorted)
    for (std::size_t at = sorted; at > 0 && weight(out[at - 1]) < weight(out[at]); --at)
      std::swap(out[at - 1], out[at]);
  return out;
}

/// Of values that no grammar allows it is not said how they are normalised: an empty element in front.
bool is_odd(std::string const& value) { return trim(value).starts_with(','); }

bool is_listed(std::string const& name, lines const& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check(lines const& names, request const& a, std::string const& head_a, request const& b,
           std::string const& head_b) {
  static cache::variant_keys const keys{http::digest_key{7}};
  static http::token_digest const resource = keys.resource("http://h/a");
  cache::vary_spec const spec = cache::make_vary_spec(names, {});
  auto const key_a = keys.variant(resource, spec, head_a, {});
  auto const key_b = keys.variant(resource, spec, head_b, {});
  if (!key_a || !key_b) std::abort();
  if (keys.variant(resource, spec, head_a, {}) != key_a) std::abort();
  bool same = true;
  for (std::string const& name : names) {
    auto const in_a = a.find(name), in_b = b.find(name);
    if ((in_a == a.end()) != (in_b == b.end())) {
      same = false;
    } else if (in_a != a.end()) {
      if (in_a->second != in_b->second && (is_odd(in_a->second) || is_odd(in_b->second))) return;
      same = same && said(name, in_a->second) == said(name, in_b->second);
    }
  }
  if (same != (*key_a == *key_b)) std::abort();
}

}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(reinterpret_cast<char const*>(data), size);
  lines names;
  request requests[2];
  std::string heads[2] = {"GET /a HTTP/1.1\r\n", "GET /a HTTP/1.1\r\n"};
  std::size_t part = 0;
  for (std::string const& line : split(text, '\n')) {
    if (line.empty()) {
      if (++part == 3) break;
      continue;
    }
    if (part == 0) {
      if (is_name(line) && !is_listed(lower(line), names)) names.push_back(lower(line));
      continue;
    }
    std::size_t const colon = line.find(':');
    if (colon == std::string::npos || !is_name(line.substr(0, colon))) continue;
    std::string const name = lower(line.substr(0, colon));
    std::string const value = trim(line.substr(colon + 1));
    if (!is_value(value)) continue;
    heads[part - 1] += line.substr(0, colon) + ": " + value + "\r\n";
    auto const [at, is_first] = requests[part - 1].emplace(name, value);
    if (!is_first) at->second += "," + value;
  }
  for (std::string& head : heads) head += "\r\n";
  check(names, requests[0], heads[0], requests[1], heads[1]);
  check(names, requests[0], heads[0], requests[0], heads[0]);
  return 0;
}

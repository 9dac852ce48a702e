#include "fakeproxy/resources/resources.hpp"

#include "fakeproxy/resources/echo.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <charconv>

namespace fakeproxy::resources {

using boost::beast::iequals;

namespace {

/// What follows the resource's path in `target`, or nothing when `target` is not under it.
std::optional<std::string_view> rest_of(resource const& of, std::string_view target) {
  std::string_view const path = of.path == "/" ? std::string_view() : std::string_view(of.path);
  if (!target.starts_with(path)) return std::nullopt;
  std::string_view const rest = target.substr(path.size());
  if (!rest.empty() && rest.front() != '/' && rest.front() != '?') return std::nullopt;
  return rest;
}

/// Reads all of `text` as a number.
template<class Number>
bool read_number(std::string_view text, Number& value, int base = 10) {
  auto const [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return failed == std::errc{} && stop == text.data() + text.size();
}

std::string_view trimmed(std::string_view text) {
  std::size_t const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Cuts the first element off a list, with the comma after it.
std::string_view next_element(std::string_view& list) {
  std::size_t const comma = std::min(list.find(','), list.size());
  std::string_view const element = trimmed(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

std::uint64_t fold_list(std::uint64_t state, std::string_view list) {
  while (!list.empty()) state = fold_text(fold_text(state, next_element(list)), ",");
  return state;
}

constexpr std::string_view session_prefix = "x-session-";

void append_variant(std::string& out, std::uint64_t variant) {
  if (variant == 0) {
    out += '0';
  } else {
    append_hex(out, variant);
  }
}

void append_audience(std::string& out, resource_mark const& mark) {
  switch (mark.audience) {
  case audience::everyone:
    out += "all";
    return;
  case audience::character:
    out += "character:";
    break;
  case audience::corporation:
    out += "corporation:";
    break;
  }
  append_decimal(out, mark.id);
}

bool parse_audience(std::string_view text, resource_mark& mark) {
  if (text == "all") return true;
  std::size_t const colon = std::min(text.find(':'), text.size());
  std::string_view const kind = text.substr(0, colon);
  if (kind != "character" && kind != "corporation") return false;
  mark.audience = kind == "character" ? audience::character : audience::corporation;
  return colon < text.size() && read_number(text.substr(colon + 1), mark.id);
}

}

resource const* find_resource(std::span<resource const> all, std::string_view target) {
  resource const* longest = nullptr;
  for (resource const& one : all)
    if ((!longest || one.path.size() > longest->path.size()) && rest_of(one, target)) longest = &one;
  return longest;
}

std::uint64_t version_at(resource const& of, cluster::time_point when) {
  return of.changes_every <= 0 || when < 0 ? 0 : static_cast<std::uint64_t>(when / of.changes_every);
}

cluster::time_point begin_of_version(resource const& of, std::uint64_t version) {
  return static_cast<cluster::time_point>(version) * of.changes_every;
}

std::uint32_t corporation_in(resource const& of, std::string_view target) {
  auto const rest = rest_of(of, target);
  if (!rest || !rest->starts_with('/')) return 0;
  std::string_view const segment = rest->substr(1, rest->find_first_of("/?", 1) - 1);
  std::uint32_t number = 0;
  return read_number(segment, number) ? number : 0;
}

bool admits(resource const& of, std::string_view target, corporations const& all, cluster::character_id character,
            cluster::time_point when) {
  if (of.audience == audience::everyone) return true;
  if (character == cluster::character_id::none) return false;
  if (of.audience == audience::character) return true;
  std::uint32_t const corporation = corporation_in(of, target);
  return corporation != 0 && corporation_of(all, character, when) == corporation;
}

std::uint64_t variant_of(std::string_view vary, std::span<request_field const> fields) {
  std::uint64_t state = fnv_offset;
  bool any = false;
  while (!vary.empty()) {
    std::string_view const name = next_element(vary);
    auto const named = [&](request_field const& field) { return iequals(field.name, name); };
    if (iequals(name.substr(0, session_prefix.size()), session_prefix)) continue;
    if (std::none_of(fields.begin(), fields.end(), named)) continue;
    any = true;
    state = fold_text(fold_lower(state, name), ":");
    for (request_field const& field : fields)
      if (named(field)) state = fold_list(state, field.value);
  }
  return any ? state : 0;
}

resource_mark mark_of(resource const& of, std::string_view target, cluster::character_id character,
                      std::uint64_t variant, cluster::time_point when) {
  std::uint32_t id = 0;
  if (of.audience == audience::character) id = cluster::raw(character);
  if (of.audience == audience::corporation) id = corporation_in(of, target);
  return {version_at(of, when), of.audience, id, variant};
}

void append_mark(std::string& out, resource_mark const& mark) {
  out += "version=";
  append_decimal(out, mark.version);
  out += "; audience=";
  append_audience(out, mark);
  out += "; variant=";
  append_variant(out, mark.variant);
}

std::optional<resource_mark> parse_mark(std::string_view text) {
  resource_mark mark;
  auto const cut = [&](std::string_view key) -> std::string_view {
    if (!text.starts_with(key)) return {};
    std::size_t const end = std::min(text.find("; "), text.size());
    std::string_view const value = text.substr(key.size(), end - key.size());
    text.remove_prefix(std::min(end + 2, text.size()));
    return value;
  };
  if (!read_number(cut("version="), mark.version)) return std::nullopt;
  if (!parse_audience(cut("audience="), mark)) return std::nullopt;
  if (!read_number(cut("variant="), mark.variant, 16) || !text.empty()) return std::nullopt;
  return mark;
}

std::uint64_t target_digest(std::string_view target) { return fold_text(fnv_offset, target); }

std::string etag_of(std::string_view target, resource_mark const& mark) {
  std::string out = "\"";
  append_hex(out, target_digest(target));
  out += '-';
  append_decimal(out, mark.version);
  out += '-';
  append_audience(out, mark);
  out += '-';
  append_variant(out, mark.variant);
  out += '"';
  return out;
}

void append_resource_body(std::string& out, std::string_view target, resource_mark const& mark, std::size_t bytes) {
  std::size_t const start = out.size();
  out += "Lab-Resource: ";
  append_mark(out, mark);
  out += '\n';
  std::string filling;
  append_hex(filling, target_digest(target));
  std::size_t const end = std::max(start + bytes, out.size());
  while (out.size() < end) out += filling;
  out.resize(end);
}

}

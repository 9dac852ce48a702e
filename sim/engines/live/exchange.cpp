#include "sim/engines/live/exchange.hpp"

#include "fakeproxy/resources/echo.hpp"
#include "sim/actors/request_head.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sim::live {
namespace {

namespace cluster = fakeproxy::cluster;
namespace resources = fakeproxy::resources;
using boost::beast::http::verb;
using gateway::http::field_line;

constexpr std::size_t kept = 64; // bytes of an answer's begin and end that are compared: more than both marks need

enum echo : std::uint8_t { echo_character = 1, echo_method = 2, echo_target = 4, echo_fields = 8, echo_body = 16 };

void append_number(std::string& out, std::uint64_t value) { resources::append_decimal(out, value); }

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Both in ASCII; `lower` is lower case already.
bool is_name(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() && std::equal(name.begin(), name.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}
bool begins_name(std::string_view name, std::string_view lower) {
  return name.size() >= lower.size() && is_name(name.substr(0, lower.size()), lower);
}

}

exchange::exchange(request_templates const& words, std::string host, std::string forged)
  : words_(&words)
  , host_(std::move(host))
  , forged_(std::move(forged)) {
  for (std::string const& target : words.targets)
    escaped_targets_.push_back(actors::has_mark(target) ? "" : resources::escape_target(target));
}

std::string_view exchange::target_of(request_spec const& what) {
  std::string const& target = words_->targets[what.target];
  if (!words_->laboratory) return target;
  std::string const& escaped = escaped_targets_[what.target];
  if (!escaped.empty()) {
    expected_target_ = escaped;
    return target;
  }
  target_.clear();
  std::uint32_t const character = what.character == journal::no_character ? 0 : what.character;
  actors::append_target(target_, target, character, words_->resources.corporations);
  expected_target_.clear();
  resources::append_escaped_target(expected_target_, target_);
  return target_;
}

/// "Bearer …"; empty: the request has no token.
std::string_view exchange::authorization_of(request_spec const& what) {
  token_.clear();
  if (what.kind == records::token_kind::none) return token_;
  token_ = "Bearer ";
  if (what.kind == records::token_kind::own) {
    token_ += cluster::make_token(words_->key, what.character, what.token, words_->token_bytes);
  } else { // of the right length and alphabet, from nobody
    std::size_t const size = token_.size() + std::max<std::size_t>(words_->token_bytes, cluster::min_token_length);
    token_ += "junk";
    append_number(token_, what.token);
    token_.resize(std::max(size, token_.size()), '_');
  }
  return token_;
}

void exchange::append_content(method_entry const& method, journal::request_id id) {
  body_.clear();
  append_number(body_, id);
  body_ += ':';
  while (body_.size() < method.body_bytes) body_ += "the cargo of this request, byte for byte; ";
  body_.resize(method.body_bytes);
  resources::body_digest digest;
  digest.add(body_);
  expected_body_ = digest.text();
  if (!method.chunked) {
    request_ += body_;
    return;
  }
  constexpr std::size_t chunk = 1000;
  for (std::size_t at = 0; at < body_.size(); at += chunk) {
    std::string_view const piece = std::string_view(body_).substr(at, chunk);
    char digits[20];
    auto const end = std::to_chars(std::begin(digits), std::end(digits), piece.size(), 16).ptr;
    request_.append(digits, end);
    request_ += "\r\n";
    request_ += piece;
    request_ += "\r\n";
  }
  request_ += "0\r\n\r\n";
}

std::string_view exchange::write(request_spec const& what, journal::request_id id) {
  bool const is_alike = what.method == what_.method && what.target == what_.target;
  if (!words_->laboratory && is_alike && !request_.empty()) return request_; // which says nothing else
  method_entry const& method = words_->methods[what.method];
  what_ = what;
  id_ = id;
  request_.clear();
  actors::request_head head{.method = method.name, .target = target_of(what), .host = host_, .request = id};
  resource_ = nullptr;
  if (!words_->laboratory) {
    actors::append_plain_head(request_, head);
    return request_;
  }
  if (!words_->resources.all.empty() && method.safe()) {
    target_ = head.target;
    resource_ = resources::find_resource(words_->resources.all, target_);
  }
  head.authorization = authorization_of(what);
  head.body_bytes = method.body_bytes;
  head.chunked = method.chunked;
  std::string forged;
  if (what.probe == records::probe_kind::forged_fields) {
    forged = "X-Accel-Redirect: /internal_redirect/" + forged_ + "/lab/forged\r\nX-Backend: http://" + forged_ + "\r\n";
    head.more = forged;
  }
  resources::fields_digest fields;
  actors::append_request_head(request_, head, &fields);
  expected_fields_ = fields.value();
  if (head.has_content()) {
    append_content(method, id);
  } else {
    static std::string const no_body = resources::body_digest().text();
    expected_body_ = no_body;
  }
  return request_;
}

void exchange::begin_answer() {
  status_ = 0;
  findings_ = 0;
  if (!words_->laboratory) return; // nothing else is looked at
  echoes_ = 0;
  echo_findings_ = 0;
  is_echo_ = false;
  mark_.reset();
  epoch_ = 0;
  incarnation_ = 0;
  body_length_ = 0;
  observed_.clear();
  begin_.clear();
  end_.clear();
}

void exchange::observe(std::string_view what, std::string_view arrived, std::string_view sent) {
  if (!observed_.empty()) observed_ += "; ";
  observed_ += what;
  observed_ += ' ';
  observed_ += arrived.substr(0, 120);
  if (sent.empty()) return;
  observed_ += ", sent ";
  observed_ += sent.substr(0, 120);
}

void exchange::on_head(gateway::http::message_head const& head, char const* base) {
  status_ = head.status;
  if (!words_->laboratory) return;
  for (field_line const& field : head.fields) {
    if (field.id != boost::beast::http::field::unknown) continue;
    std::string_view const name = field.name.in(base);
    if (begins_name(name, "lab-")) {
      on_laboratory_field(name.substr(4), field.value.in(base));
    } else if (begins_name(name, "x-accel-") || is_name(name, "x-backend") || begins_name(name, "x-session-")) {
      findings_ |= records::found_leak;
      observe(name, field.value.in(base), {});
    }
  }
}

void exchange::on_laboratory_field(std::string_view name, std::string_view value) {
  auto const compare = [&](bool same, echo which, records::client_finding otherwise, std::string_view sent) {
    echoes_ |= which;
    is_echo_ = is_echo_ || (same && which == echo_fields);
    if (same) return;
    echo_findings_ |= otherwise;
    if (resource_) return; // may be another's echo, out of a cache
    observe(name, value, sent);
  };
  if (is_name(name, "character")) {
    bool const is_own = what_.kind == records::token_kind::own;
    compare(value == "none" ? !is_own : number(value) == what_.character, echo_character, records::found_foreign, {});
  } else if (is_name(name, "epoch")) {
    epoch_ = number(value);
  } else if (is_name(name, "incarnation")) {
    incarnation_ = number(value);
  } else if (is_name(name, "method")) {
    compare(value == words_->methods[what_.method].name, echo_method, records::found_method,
            words_->methods[what_.method].name);
  } else if (is_name(name, "target")) {
    compare(value == expected_target_, echo_target, records::found_target, expected_target_);
  } else if (is_name(name, "fields")) {
    std::uint64_t digest = 0;
    std::from_chars(value.data(), value.data() + value.size(), digest, 16);
    compare(digest == expected_fields_, echo_fields, records::found_fields, {});
  } else if (is_name(name, "body")) {
    compare(value == expected_body_, echo_body, records::found_request_body, expected_body_);
  } else if (is_name(name, "resource")) {
    mark_ = resources::parse_mark(value);
  } else if (is_name(name, "error")) {
    findings_ |= records::found_target; // the request that a proxy read did not parse; ours was well-formed
    observe("the proxy answered", value, expected_target_);
  }
}

void exchange::on_body(std::string_view piece) {
  if (!words_->laboratory) return;
  body_length_ += piece.size();
  if (begin_.size() < kept) begin_ += piece.substr(0, kept - begin_.size());
  if (piece.size() >= kept) {
    end_ = piece.substr(piece.size() - kept);
  } else {
    end_ += piece;
    if (end_.size() > kept) end_.erase(0, end_.size() - kept);
  }
}

bool exchange::body_is_ours() const {
  if (words_->methods[what_.method].verb == verb::head || status_ == 204) return body_length_ == 0;
  char text[2 * kept];
  char* at = text;
  auto const put = [&](std::string_view piece) { at = std::copy(piece.begin(), piece.end(), at); };
  auto const put_number = [&](std::uint64_t value) { at = std::to_chars(at, std::end(text), value).ptr; };
  put("{\"request\":");
  put_number(id_);
  put(",\"character\":");
  if (what_.kind == records::token_kind::own) {
    put_number(what_.character);
  } else {
    put("null");
  }
  put(",\"pad\":\"");
  std::string_view const first(text, static_cast<std::size_t>(at - text));
  if (begin_.compare(0, first.size(), first) != 0) return false;
  std::size_t const first_size = first.size();
  at = text;
  put("\",\"end\":");
  put_number(id_);
  put("}");
  std::string_view const last(text, static_cast<std::size_t>(at - text));
  if (end_.size() < last.size() || std::string_view(end_).substr(end_.size() - last.size()) != last) return false;
  return body_length_ == std::max<std::uint64_t>(words_->answer_bytes, first_size + last.size());
}

// An answer that a proxy made for this request: all that it echoes has to be ours.
void exchange::judge_ours() {
  bool const success = status_ >= 200 && status_ < 300;
  constexpr std::uint8_t always = echo_method | echo_target | echo_fields | echo_body;
  std::uint8_t const needed = what_.kind == records::token_kind::own ? always | echo_character : always;
  findings_ |= echo_findings_;
  if (success && (echoes_ & needed) != needed) findings_ |= records::found_no_echo;
  if (!success || resource_ || body_is_ours()) return;
  findings_ |= records::found_answer_body;
  observe("answer body of " + std::to_string(body_length_) + " bytes ending", end_, {});
}

// An answer for a resource, whomever it was made for: what it shows has to be for this client, and of a time that is
// not over.
void exchange::judge_shown(records::client_record& record) {
  record.asks_resource = true;
  record.from_cache = !is_echo_ && (echoes_ & echo_fields) != 0;
  bool const is_own = what_.kind == records::token_kind::own;
  findings_ |= judge::check_resource(words_->resources,
                                     {.resource = static_cast<std::size_t>(resource_ - words_->resources.all.data()),
                                      .target = target_,
                                      .character = is_own ? what_.character : journal::no_character,
                                      .status = status_,
                                      .mark = mark_,
                                      .from_cache = record.from_cache,
                                      .sent_ns = record.sent_ns,
                                      .done_ns = record.done_ns});
  if (status_ != 200 || !mark_) return;
  std::string body;
  if (words_->methods[what_.method].verb != verb::head)
    resources::append_resource_body(body, target_, *mark_, resource_->bytes);
  std::string_view const whole = body;
  bool const same = body_length_ == whole.size() && begin_ == whole.substr(0, kept) &&
                    end_ == whole.substr(whole.size() - std::min(kept, whole.size()));
  if (!same) findings_ |= records::found_answer_body;
  if (findings_) observe("resource", begin_.substr(0, begin_.find('\n')), {});
}

void exchange::judge(records::client_record& record) {
  record.status = static_cast<std::uint16_t>(status_);
  record.epoch = epoch_;
  record.incarnation = incarnation_;
  if (words_->laboratory && resource_) judge_shown(record);
  if (words_->laboratory && !record.from_cache) judge_ours();
  record.findings = findings_;
}

}

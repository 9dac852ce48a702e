#pragma once

#include "fakeproxy/cluster/token.hpp"
#include "gateway/http/head_parser.hpp"
#include "sim/judge/resource_answers.hpp"
#include "sim/records/records.hpp"

#include <boost/beast/http/verb.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of one client request, and the judgement of the answer to it. No sockets here.
namespace sim::live {

inline constexpr std::uint32_t no_origin = std::numeric_limits<std::uint32_t>::max();

/// One request that is to be sent.
struct request_spec {
  std::int64_t intended_ns = 0; // CLOCK_MONOTONIC
  std::uint32_t character = journal::no_character;
  std::uint32_t token = 0;          // rotation
  std::uint32_t target = 0;         // index into request_templates::targets
  std::uint32_t origin = no_origin; // for whoever asked for it
  std::uint16_t method = 0;         // index into request_templates::methods
  std::uint16_t balancer = 0;
  records::token_kind kind = records::token_kind::own;
  records::probe_kind probe = records::probe_kind::none;
  std::uint8_t phase = 0;
};

/// One entry of the mix.
struct method_entry {
  std::string name;
  boost::beast::http::verb verb = boost::beast::http::verb::get;
  std::uint32_t body_bytes = 0;
  bool chunked = false;

  bool safe() const { return verb == boost::beast::http::verb::get || verb == boost::beast::http::verb::head; }
};

/// What a request_spec refers to by index. Shared by the threads of a run, constant during it.
struct request_templates {
  fakeproxy::cluster::token_key key{};
  std::uint32_t token_bytes = 40;
  std::uint32_t answer_bytes = 256; // of a served answer's body
  bool laboratory = true;           // false: plain requests to any server, nothing compared
  std::vector<method_entry> methods;
  std::vector<std::string> targets; // may hold "{character}" and "{corporation}"
  actors::resource_catalogue resources;
};

/// Writes a request, and judges the answer to it. One for each connection; its memory is reused.
class exchange {
public:
  /// `words` must outlive it. `host` is the value of Host; `forged` is HOST:PORT for the probes' internal fields.
  exchange(request_templates const& words, std::string host, std::string forged);

  /// The whole request (head and body). Valid until the next call.
  std::string_view write(request_spec const& what, journal::request_id id);

  /// Begins a new answer to the request written last.
  void begin_answer();
  /// Takes in its head. `base` is where its bytes stand.
  void on_head(gateway::http::message_head const& head, char const* base);
  void on_body(std::string_view piece);
  /// The answer is whole: completes `record` (status, epoch, incarnation, findings), whose times are known.
  void judge(records::client_record& record);

  request_spec const& what() const { return what_; }
  /// After `judge` with findings: what arrived in place of what was sent, one line.
  std::string const& observed() const { return observed_; }

private:
  std::string_view target_of(request_spec const& what);
  std::string_view authorization_of(request_spec const& what);
  void append_content(method_entry const& method, journal::request_id id);
  void on_laboratory_field(std::string_view name, std::string_view value);
  void observe(std::string_view what, std::string_view arrived, std::string_view sent);
  bool body_is_ours() const;
  void judge_ours();
  void judge_shown(records::client_record& record);

  // what every request and answer touches
  request_templates const* words_;
  unsigned status_ = 0; // of the answer
  std::uint16_t findings_ = 0;
  request_spec what_;
  journal::request_id id_ = 0;
  std::string request_;

  // of the request, in the laboratory
  std::string host_, forged_, body_;
  std::vector<std::string> escaped_targets_; // as Lab-Target will say them; empty where "{character}" varies
  std::string expected_target_, expected_body_, token_;
  std::uint64_t expected_fields_ = 0;
  std::string target_;                                       // as it was sent
  fakeproxy::resources::resource const* resource_ = nullptr; // that it asks for

  // of the answer, in the laboratory
  std::uint8_t echoes_ = 0;
  std::uint16_t echo_findings_ = 0; // that hold only if the answer was made for this request
  bool is_echo_ = false;            // it was: its Lab-Fields are ours, which nobody else has
  std::optional<fakeproxy::resources::resource_mark> mark_;
  std::uint64_t epoch_ = 0;
  journal::incarnation_id incarnation_ = 0;
  std::uint64_t body_length_ = 0;
  std::string observed_;
  std::string begin_, end_; // of the answer's body, at most `kept` bytes each
};

}

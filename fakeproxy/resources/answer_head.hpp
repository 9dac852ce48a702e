#pragma once

#include "fakeproxy/cluster/types.hpp"

#include <boost/beast/http/verb.hpp>

#include <cstdint>
#include <ostream> // for verb.hpp
#include <string>
#include <string_view>

/// The heads of a proxy's answers, as docs/wire.md says.
namespace fakeproxy::resources {

/// The status for a request with this method and outcome.
constexpr std::uint16_t status_of(journal::hop_outcome outcome, boost::beast::http::verb method) {
  using boost::beast::http::verb;
  switch (outcome) {
  case journal::hop_outcome::served:
    return method == verb::post ? 201 : method == verb::delete_ ? 204 : 200;
  case journal::hop_outcome::redirected:
    return 200;
  case journal::hop_outcome::unauthorized:
    return 401;
  case journal::hop_outcome::malformed:
    return 400;
  default:
    return 503;
  }
}

/// Who answers, and what happens to the connection.
struct answer_start {
  std::uint16_t status = 200;
  std::string_view connection; // value of Connection; empty: omitted
  std::int64_t date_s = -1;    // of the wall clock; -1: omitted
  std::uint16_t proxy_index = 0;
  cluster::incarnation incarnation = cluster::incarnation::none;
};
/// The status line and what every answer has.
void append_answer_start(std::string& out, answer_start const& a);

/// What was read of the request, for the sender to compare, and whose session it used.
struct answer_echo {
  cluster::session_epoch epoch = cluster::session_epoch::none; // none: no session
  std::string_view backend;                                    // with an epoch: HOST:PORT of the proxy; empty: omitted
  std::uint32_t corporation = 0;                               // with an epoch; 0: omitted
  cluster::character_id character = cluster::character_id::none;
  bool of_resource = false;        // then the fields also say when there is no session
  std::string_view method, target; // target: as it came
  std::uint64_t fields = 0;        // their digest
  std::string_view body;           // its digest; empty: it was not read whole
};
void append_answer_echo(std::string& out, answer_echo const& e);

/// The end of the head: the extra fields of outcomes other than `served`, and Content-Length: 0.
void append_empty_answer_end(std::string& out, std::uint16_t status);
/// The end of the head of an answer with content.
void append_content_end(std::string& out, std::string_view content_type, std::size_t bytes);

}

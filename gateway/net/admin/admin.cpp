#include "gateway/net/admin/admin.hpp"

#include "gateway/net/resolve.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <memory>
#include <optional>

namespace gateway::net {
namespace {

namespace beast_http = boost::beast::http;

/// A page that a browser loaded from elsewhere can reach this only by a name of its own (DNS rebinding).
bool host_is_no_name(boost::beast::string_view host) {
  bool const has_port = host.find(':') != host.npos && !host.ends_with(']');
  auto const parsed = http::parse_host_port(std::string(host) + (has_port ? "" : ":80"));
  if (!parsed) return false;
  boost::system::error_code ec;
  boost::asio::ip::make_address(parsed->host, ec);
  return !ec || parsed->host == "localhost";
}

constexpr std::string_view upstreams_path = "/upstreams/";
constexpr std::string_view cache_path = "/cache/";

/// Decodes percent-encoding, in which some clients write the brackets of IPv6.
std::string decoded(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    unsigned char byte = 0;
    bool const is_coded = text.size() >= 3 && text.front() == '%' &&
                          std::from_chars(text.data() + 1, text.data() + 3, byte, 16).ptr == text.data() + 3;
    out.push_back(is_coded ? static_cast<char>(byte) : text.front());
    if (is_coded) text.remove_prefix(2);
  }
  return out;
}

/// One admin connection: reads a request, answers it, and repeats.
class admin_connection : public std::enable_shared_from_this<admin_connection> {
public:
  admin_connection(tcp_socket socket, balancer& shared, cache::shared_cache* cache, admin_settings const& s)
    : socket_(std::move(socket))
    , timer_(socket_.get_executor())
    , shared_(shared)
    , cache_(cache)
    , threads_(s.threads)
    , may_write_(s.may_write)
    , removed_(s.removed)
    , patience_(s.patience) {}

  void read() {
    wait();
    parser_.emplace();
    parser_->body_limit(1024);
    beast_http::async_read(socket_, buffer_, *parser_,
                           [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
                             if (!ec) self->answer();
                           });
  }

private:
  /// Closes the connection if the operation that begins now takes too long.
  void wait() {
    timer_.expires_after(patience_);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code stopped) {
      auto const self = weak.lock();
      if (stopped || !self) return;
      boost::system::error_code ignored;
      self->socket_.close(ignored);
    });
  }

  void answer() {
    wait();
    auto const& request = parser_->get();
    std::string_view const target(request.target().data(), request.target().size());
    answer_ = {};
    answer_.version(request.version());
    answer_.keep_alive(request.keep_alive());
    answer_.set(beast_http::field::server, "crest-gateway");
    bool const known = target == "/metrics" || target == "/status";
    if (target.starts_with(upstreams_path)) {
      change_upstream(target.substr(upstreams_path.size()));
    } else if (target.starts_with(cache_path)) {
      purge(target.substr(cache_path.size()));
    } else if (!known) {
      answer_.result(beast_http::status::not_found);
      answer_.body() = "here are /metrics, /status, /upstreams/HOST:PORT and /cache/URI\n";
    } else if (request.method() != beast_http::verb::get && request.method() != beast_http::verb::head) {
      answer_.result(beast_http::status::method_not_allowed);
      answer_.set(beast_http::field::allow, "GET, HEAD");
    } else if (target == "/metrics") {
      auto const accept = request[beast_http::field::accept];
      metrics::format const format = metrics::format_for({accept.data(), accept.size()});
      answer_.set(beast_http::field::content_type, metrics::content_type(format));
      answer_.body() = metrics_text(shared_, cache_, format);
    } else {
      answer_.set(beast_http::field::content_type, "application/json");
      answer_.body() = status_json(shared_, cache_, threads_);
    }
    answer_.prepare_payload();
    if (request.method() == beast_http::verb::head) answer_.body().clear(); // Content-Length is kept
    beast_http::async_write(socket_, answer_, [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
      if (!ec && self->answer_.keep_alive()) self->read();
    });
  }

  /// Whether the client may change things; if not, the request is refused.
  bool may_change(char const* what) {
    if (!may_write_)
      refuse(beast_http::status::forbidden, std::string(what) + " with admin_writes only");
    else if (!host_is_no_name(parser_->get()[beast_http::field::host]))
      refuse(beast_http::status::forbidden, "allowed: a Host that is an address or localhost");
    else
      return true;
    return false;
  }

  /// DELETE of `scheme://host/path?query`, or with a `*` at its end, of everything that begins so.
  void purge(std::string_view uri) {
    if (!may_change("stored answers can be purged")) return;
    bool const and_below = uri.ends_with('*');
    if (!cache_) {
      refuse(beast_http::status::not_found, "there is no cache");
    } else if (parser_->get().method() != beast_http::verb::delete_) {
      refuse(beast_http::status::method_not_allowed, "allowed: DELETE");
      answer_.set(beast_http::field::allow, "DELETE");
    } else if (uri != "*" && !uri.starts_with("http://") && !uri.starts_with("https://")) {
      refuse(beast_http::status::bad_request,
             "found \"" + std::string(uri) +
                 "\"; allowed: http://HOST/PATH, https://HOST/PATH, with a * at its end for "
                 "all that begins so, or *");
    } else {
      if (and_below) uri.remove_suffix(1);
      answer_.set(beast_http::field::content_type, "application/json");
      answer_.body() = nlohmann::json{{"purged", cache_->purge(uri, and_below, cache_now())}}.dump() + "\n";
    }
  }

  /// PUT with `{"weight": N}` or `{"drain": true}` or nothing, DELETE.
  void change_upstream(std::string_view where) {
    auto const& request = parser_->get();
    auto const name = http::parse_host_port(decoded(where));
    if (!may_change("upstreams can be changed")) return;
    if (!name) {
      refuse(beast_http::status::bad_request, "found \"" + std::string(where) + "\"; allowed: HOST:PORT");
    } else if (request.method() == beast_http::verb::delete_) {
      bool const was_known = shared_.remove_upstream(*name);
      if (was_known) removed_();
      changed(was_known);
    } else if (request.method() == beast_http::verb::put) {
      put_upstream(*name, request.body());
    } else {
      refuse(beast_http::status::method_not_allowed, "allowed: PUT, DELETE");
      answer_.set(beast_http::field::allow, "PUT, DELETE");
    }
  }

  void put_upstream(http::host_port const& name, std::string const& body) {
    nlohmann::json const wanted = body.empty() ? nlohmann::json::object() : nlohmann::json::parse(body, nullptr, false);
    bool const drain = wanted == nlohmann::json{{"drain", true}};
    bool const weighs = wanted.is_object() && wanted.size() == 1 && wanted.contains("weight") &&
                        wanted["weight"].is_number_unsigned() && wanted["weight"] >= 1u && wanted["weight"] <= 1000u;
    if (drain) {
      changed(shared_.drain_upstream(name));
      return;
    }
    if (!weighs && !(wanted.is_object() && wanted.empty())) {
      refuse(beast_http::status::bad_request,
             "found " + body + "; allowed: {\"weight\": 1 to 1000}, {\"drain\": true} or nothing");
      return;
    }
    boost::system::error_code ec;
    place const at{name, resolve(name, ec)};
    if (ec)
      refuse(beast_http::status::bad_request, "found a host name that does not resolve (" + ec.message() + ")");
    else if (!shared_.put_upstream(at, weighs ? std::optional(wanted["weight"].get<std::uint32_t>()) : std::nullopt))
      refuse(beast_http::status::insufficient_storage, "there are too many upstreams");
    else
      changed(true);
  }

  void changed(bool was_known) {
    if (!was_known)
      refuse(beast_http::status::not_found, "no such upstream");
    else
      answer_.result(beast_http::status::no_content);
  }

  void refuse(beast_http::status why, std::string const& text) {
    answer_.result(why);
    answer_.body() = text + "\n";
  }

  tcp_socket socket_;
  steady_timer timer_;
  balancer& shared_;
  cache::shared_cache* cache_;
  std::uint32_t threads_;
  bool may_write_;
  std::function<void()> removed_;
  nanoseconds patience_;
  boost::beast::flat_buffer buffer_;
  std::optional<beast_http::request_parser<beast_http::string_body>> parser_;
  beast_http::response<beast_http::string_body> answer_;
};

}

void serve_admin(tcp_socket socket, balancer& shared, cache::shared_cache* cache, admin_settings const& s) {
  std::make_shared<admin_connection>(std::move(socket), shared, cache, s)->read();
}

}

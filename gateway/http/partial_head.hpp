#pragma once

#include <boost/beast/core/error.hpp>

#include <cstddef>
#include <cstdint>

namespace gateway::http {

using boost::beast::error_code;

/// Bounds of a head.
struct head_limits {
  std::uint32_t bytes = 16 * 1024;
  std::uint32_t fields = 10'000; // field lines
};

/// The longest method that is accepted. Chosen: the longest that IANA has registered has 17 characters.
inline constexpr std::size_t longest_method = 64;

/// Checks a head that comes in parts. Beast looks at the first part, and then not again before the last byte of the
/// head is there: it would wait for a sender that stops in the middle, or whose line ends are such that the last one
/// never comes. Here each byte is looked at once, when it comes, and any fault that no later byte could correct is
/// reported at that byte (RFC 9112 2.2, 3, 4, 5). This is not a second parser: Beast still reads what passes here, and
/// would reject what is refused here.
class partial_head {
public:
  partial_head(bool is_request, head_limits const& limits)
    : limits_(limits)
    , state_(is_request ? state::method : state::version)
    , is_request_(is_request) {}

  /// `base` is where the message begins, `size` how many of its bytes are there; earlier ones have been checked
  /// already. The errors are Beast's; `buffer_overflow`: more field lines than the limit.
  void look(char const* base, std::size_t size, error_code& ec);

private:
  enum class state : std::uint8_t {
    method,
    target,
    version, // and, in an answer, what follows it in fixed places
    reason,
    start_lf,
    line_begin,
    name,
    value,
    value_lf,
    end
  };

  void take(char c, error_code& ec);
  void take_of_request_line(char c, error_code& ec);
  void take_of_version(char c, error_code& ec);
  void take_of_field(char c, error_code& ec);

  head_limits limits_;
  state state_;
  bool is_request_;
  std::size_t seen_ = 0;
  std::size_t part_ = 0; // bytes of the method, the target, or the version so far
  std::uint32_t fields_ = 0;
  char major_ = '0', minor_ = '0';
};

}

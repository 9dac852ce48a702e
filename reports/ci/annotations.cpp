#include "base/config/joined.hpp"
#include "reports/attempts.hpp"
#include "reports/ci/ci.hpp"
#include "reports/wording.hpp"

#include <charconv>

namespace reports::ci {
namespace {

using namespace sim::records;

/// The line that a message about `file` names, which it begins with: "FILE:LINE: …"; 0 if it names none.
std::size_t line_named(std::string_view message, std::string_view file) {
  if (file.empty() || !message.starts_with(file)) return 0;
  message.remove_prefix(file.size());
  if (!message.starts_with(':')) return 0;
  std::size_t line = 0;
  char const* const end = message.data() + message.size();
  auto const number = std::from_chars(message.data() + 1, end, line);
  return number.ec == std::errc{} && number.ptr != end && *number.ptr == ':' ? line : 0;
}

std::string message_of(threshold_result const& t) {
  std::string text = t.metric + " " + t.expression + ": ";
  text += t.value ? "found " + short_number(*t.value) : std::string("no value");
  return text + (t.note.empty() ? "" : " (" + t.note + ")");
}

std::string message_of(invariant_result const& i) {
  return i.name + ": " + violations_text(i) + (i.examples.empty() ? "" : "\n" + config::joined(i.examples, "\n"));
}

class remarks {
public:
  remarks(result const& r, std::string title, std::string file, std::string path)
    : result_(r)
    , title_(std::move(title))
    , file_(std::move(file))
    , path_(std::move(path)) {}

  std::vector<annotation> all() {
    if (result_.attempts)
      for (std::size_t i = 0; i != result_.attempts->invalid.size(); ++i)
        add(finding::retried, 0, "attempt " + std::to_string(i + 1) + " was invalid",
            config::joined(result_.attempts->invalid[i].reasons, "\n"), std::to_string(i + 1));
    switch (result_.verdict) {
    case verdict::passed:
      break;
    case verdict::failed:
      failures();
      break;
    case verdict::invalid:
      add(finding::invalid, 0, "invalid run", config::joined(result_.reasons, "\n"));
      break;
    case verdict::interrupted:
      add(finding::interrupted, 0, "interrupted", config::joined(result_.reasons, "\n"));
      break;
    case verdict::error:
      for (std::string const& reason : result_.reasons) error(reason);
      break;
    }
    return std::move(out_);
  }

private:
  void add(finding about, std::size_t line, std::string const& what, std::string message, std::string subject = {}) {
    out_.push_back({about, path_, line, one_line(title_) + ": " + what, std::move(message), std::move(subject)});
  }

  void error(std::string const& reason) {
    bool const refused = result_.exit_code == exit_bad_input;
    add(finding::could_not_run, line_named(reason, file_), refused ? "bad input" : "could not run", reason);
  }

  void failures() {
    std::size_t const before = out_.size();
    for (invariant_result const& i : result_.invariants)
      if (!i.passed) add(finding::invariant, 0, "invariant " + i.name + " does not hold", message_of(i), i.name);
    for (threshold_result const& t : result_.thresholds)
      if (!t.passed) add(finding::threshold, t.line, "threshold failed", message_of(t), t.metric + " " + t.expression);
    if (out_.size() == before) // whatever it was
      add(finding::threshold, 0, "failed", config::joined(result_.reasons, "\n"));
  }

  result const& result_;
  std::string const title_, file_, path_;
  std::vector<annotation> out_;
};

}

std::vector<annotation> annotations_of(result const& r, std::string const& title, std::string const& file,
                                       std::string const& path) {
  return remarks(r, title, file, path).all();
}

}

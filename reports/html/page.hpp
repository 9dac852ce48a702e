#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// report.html: one file with all that it shows and needs, for a browser without network.
namespace reports::html {

/// What a result is of, and so which sections the page has.
enum class subject : std::uint8_t { run, sweep, plan, limit, comparison };

/// A file of a result.
struct part {
  std::string_view name; // "summary.json"; what ends in .json is JSON
  std::string text;      // UTF-8; other bytes are replaced
};

/// The page of a result: the parts as data, which the page's own script draws. Equal parts give equal bytes. Nothing in
/// the parts is taken for HTML or script. Throws `config::bad_input` when a part that should be JSON is not.
std::string page(subject of, std::vector<part> const& parts);

/// What the page has as data, in JSON; what a live page is sent. Throws as `page`.
std::string data(subject of, std::vector<part> const& parts);

/// The page of a run that goes on: it has no result yet, and asks the server that it came from for what there is.
/// `about` is JSON.
std::string live_page(std::string const& about);

}

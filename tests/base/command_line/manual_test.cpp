#include "base/command_line/manual.hpp"

#include <catch2/catch.hpp>

using Catch::Contains;
using Catch::StartsWith;
using command_line::command_facts;
using command_line::option_facts;

namespace {

option_facts flag(std::string const& name, std::string const& text) {
  option_facts option;
  option.names = {name}, option.text = text;
  return option;
}

/// Texts with all that a shell or groff might take for its own.
command_facts program(std::string const& text) {
  command_facts run{"run", text, "", {flag("--hard", text)}, {}};
  option_facts file;
  file.label = "FILE", file.type = "SCENARIO", file.required = file.repeats = true, file.text = text;
  run.options.push_back(file);
  return {"lab", "lab: makes things.\nExit codes: 0 good,\n2 bad.", "", {flag("--help", "this")}, {run}};
}

}

TEST_CASE("a manual page is ASCII that groff takes as text, with exit codes in their section") {
  std::string const page = command_line::man_page(program(".TH 'it' \\n `x` – ½ ~^\n'quoted line"));
  CHECK_THAT(page, StartsWith(".TH LAB 1 "));
  CHECK_THAT(page, Contains(".SH NAME\nlab \\- makes things\n"));
  CHECK_THAT(page, Contains(".SH EXIT STATUS\n0 good, 2 bad.\n"));
  CHECK_THAT(page,
             Contains("\\&.TH \\(aqit\\(aq \\en \\(gax\\(ga \\[u2013] \\[u00BD] \\(ti\\(ha\n.br\n\\&\\(aqquoted"));
  CHECK_THAT(page, Contains("\\fBlab run\\fR [\\fIOPTION\\fR]... \\fIFILE\\fR..."));
  for (char const c : page) CHECK(static_cast<unsigned char>(c) < 127);
}

TEST_CASE("texts are quoted for each shell") {
  CHECK_THAT(command_line::zsh_completion(program("it's [a:b]")), Contains(R"('--hard[it'\''s \[a\:b\]]')"));
  CHECK_THAT(command_line::fish_completion(program("it's \\")), Contains(R"(-l hard -d 'it\'s \\')"));
  CHECK_THAT(command_line::bash_completion(program("it's")), !Contains("it's")); // shows no texts
}

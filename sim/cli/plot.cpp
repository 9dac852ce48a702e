#include "reports/plots/plots.hpp"
#include "sim/cli/closing_line.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/records/result.hpp"

#include <memory>

namespace sim::cli {
namespace {

struct plot_choice {
  reports::plots::order what;
  std::vector<std::string> results;
  std::string out;
};

int plot(plot_choice const& choice) {
  reports::plots::order order = choice.what;
  order.results.assign(choice.results.begin(), choice.results.end());
  reports::plots::check_image_name(choice.out);
  auto const claim = claim_file(choice.out);
  reports::plots::draw(order, choice.out);
  closing_line() = "picture: " + choice.out;
  return records::exit_passed;
}

std::string known_kinds() {
  std::string text = "what to draw:";
  for (reports::plots::kind const& k : reports::plots::kinds())
    text += "\n" + std::string(k.name) + " (of " + std::string(k.inputs) + "): " + std::string(k.shows);
  return text;
}

}

void add_plot(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<plot_choice>();
  CLI::App& command = *app.add_subcommand("plot", "draw results, with the data and the gnuplot script beside");
  command.add_option("RESULT", choice->results, "summary.json, sweep.csv, or a directory that has one")->required();
  command.add_option("--kind", choice->what.kind, known_kinds())->required()->type_name("K");
  command.add_option("--out", choice->out, "FILE.svg or FILE.png; FILE.dat and FILE.gnuplot are written beside it")
      ->required()
      ->type_name("FILE");
  command.add_option("--metric", choice->what.metric, "another metric than the kind's own")->type_name("METRIC");
  command.add_option("--x", choice->what.x, "the sweep's axis to the right; of sweep_bars: downwards")
      ->type_name("COLUMN");
  command.add_option("--y", choice->what.y, "heatmap: the sweep's axis upwards")->type_name("COLUMN");
  command.add_option("--line", choice->what.line, "the sweep's axis of which each value is a line, or a bar")
      ->type_name("COLUMN");
  command.add_option("--phase", choice->what.phase, "the sweep's metrics of this phase, not of the whole run")
      ->type_name("NAME");
  command.add_option("--where", choice->what.where, "only the sweep's rows with this value; may be repeated")
      ->type_name("COLUMN=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--title", choice->what.title, "in place of the kind's own")->type_name("TEXT");
  command.callback([choice, &chosen] { chosen = [choice] { return plot(*choice); }; });
}

}

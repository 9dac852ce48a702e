#include "sim/judge/resource_answers.hpp"

namespace sim::judge {
namespace {

namespace cluster = fakeproxy::cluster;
namespace resources = fakeproxy::resources;

/// A cached answer may rest on where the character was up to `facts_max_age_ns` before it asked.
std::uint16_t judge_corporation(actors::resource_catalogue const& catalogue, resource_answer const& answer,
                                std::uint32_t corporation) {
  auto const character = static_cast<cluster::character_id>(answer.character);
  bool const named = answer.character != journal::no_character;
  std::int64_t const known_ns = answer.from_cache ? catalogue.facts_max_age_ns : 0;
  if (answer.status == 200) {
    bool const member = named && resources::was_in_corporation(catalogue.corporations, character, corporation,
                                                               answer.sent_ns - known_ns, answer.done_ns);
    return static_cast<std::uint16_t>(member ? 0 : records::found_foreign);
  }
  if (answer.status != 403 || !named) return 0;
  // A character that leaves comes back after two changes at the earliest.
  std::int64_t const from = answer.sent_ns - known_ns;
  bool const short_enough =
      catalogue.corporations.change_every == 0 || answer.done_ns - from < catalogue.corporations.change_every;
  bool const all_the_time = short_enough &&
                            resources::corporation_of(catalogue.corporations, character, from) == corporation &&
                            resources::corporation_of(catalogue.corporations, character, answer.done_ns) == corporation;
  return static_cast<std::uint16_t>(all_the_time ? records::found_denied : 0);
}

}

std::uint16_t check_resource(actors::resource_catalogue const& catalogue, resource_answer const& answer) {
  resources::resource const& resource = catalogue.all[answer.resource];
  std::uint32_t const corporation =
      resource.audience == resources::audience::corporation ? resources::corporation_in(resource, answer.target) : 0;
  std::uint16_t found = 0;
  if (resource.audience == resources::audience::corporation)
    found |= judge_corporation(catalogue, answer, corporation);
  else if (answer.status == 403 &&
           (resource.audience == resources::audience::everyone || answer.character != journal::no_character))
    found |= records::found_denied;
  if (answer.status != 200) return found;
  if (!answer.mark) return found | records::found_no_echo;
  resources::resource_mark const& mark = *answer.mark;
  std::uint32_t const owner = resource.audience == resources::audience::character ? answer.character : corporation;
  if (mark.audience != resource.audience || mark.id != owner) found |= records::found_foreign;
  std::int64_t const allowed_ns = answer.from_cache ? catalogue.grace_ns[answer.resource] : 0;
  bool const in_time = mark.version >= resources::version_at(resource, answer.sent_ns - allowed_ns) &&
                       mark.version <= resources::version_at(resource, answer.done_ns);
  if (!in_time) found |= records::found_too_old;
  return found;
}

}

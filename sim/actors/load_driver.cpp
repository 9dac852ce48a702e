#include "sim/actors/load_driver.hpp"

#include <algorithm>

namespace sim::actors {

load_driver::load_driver(load::plan const& p, load::slice part)
  : paced_(p.paced())
  , think_ns_(p.what->load.think_time.count()) {
  scenario::load const& load = p.what->load;
  if (load.kind == scenario::load_kind::closed) {
    closed_.emplace(p, part);
  } else {
    source_.emplace(p, part);
  }
  if (paced_) return;
  std::uint32_t const share = load.concurrency / part.of, left_over = load.concurrency % part.of;
  first_place_ = part.index * share + std::min(part.index, left_over);
  places_.resize(std::max(1u, share + (part.index < left_over ? 1 : 0)));
  ready_.resize(places_.size());
}

void load_driver::begin(std::int64_t start_ns) {
  start_ns_ = start_ns;
  if (paced_) return draw_ahead();
  active_ = places_.size();
  for (place which = 0; which != places_.size(); ++which) make_ready({start_ns, which});
}

void load_driver::draw_ahead() {
  next_ = 0;
  drawn_ = source_->draw(ahead_);
  exhausted_ = drawn_ == 0;
  due_ns_ = exhausted_ ? never : start_ns_ + ahead_.front().at_ns;
}

load_driver::due_request load_driver::next_of_places(std::int64_t now_ns) {
  while (due_ns_ <= now_ns) {
    place const which = ready_[ready_first_].which;
    ready_first_ = ready_first_ + 1 == ready_.size() ? 0 : ready_first_ + 1;
    --ready_count_;
    note_due();
    if (auto const drawn = draw_for(which, now_ns)) {
      last_ = *drawn;
      return {&last_, which, now_ns};
    }
    exhausted_ = --active_ == 0;
  }
  return {};
}

/// The place's next request; nullopt: there are no more for it.
std::optional<load::planned_request> load_driver::draw_for(place which, std::int64_t now_ns) {
  if (source_) return source_->next();
  auto& who = places_[which];
  for (;;) {
    if (!who) who = closed_->start_next_character(first_place_ + which, now_ns - start_ns_);
    if (!who) return std::nullopt;
    if (auto const drawn = closed_->next(*who, now_ns - start_ns_)) return drawn;
    who.reset();
  }
}

void load_driver::on_done(place which, std::int64_t now_ns) {
  if (which != no_place && !stopped_) make_ready({now_ns + think_ns_, which});
}

void load_driver::make_ready(ready_place const& p) {
  std::size_t const end = ready_first_ + ready_count_++;
  ready_[end < ready_.size() ? end : end - ready_.size()] = p;
  note_due();
}

void load_driver::stop() {
  if (exhausted_) return;
  stopped_ = exhausted_ = true;
  due_ns_ = never;
}

}

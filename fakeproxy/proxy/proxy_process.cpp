#include "fakeproxy/proxy/proxy_process.hpp"

namespace fakeproxy::proxy {

using journal::hop_outcome;
using next = proxy_process::next;

next proxy_process::on_decision(request_state& r, cluster::decision const& how, cluster::ticket who,
                                cluster::time_point now) {
  if (r.is != stage::deciding) return next::wait;
  stop_waiting(r);
  return go_on(r, how, who, now);
}

next proxy_process::on_applied(request_state& r, cluster::status how, cluster::ticket who, cluster::time_point now) {
  if (r.is != stage::applying) return next::wait;
  stop_waiting(r);
  if (how == cluster::status::ok || how == cluster::status::duplicate) return answer(r, hop_outcome::served);
  if (how == cluster::status::unknown) return answer(r, hop_outcome::unavailable);
  on_answered(r); // moved or ended meanwhile: who has it now?
  return decide(r, who, now);
}

next proxy_process::on_patience_over(request_state& r, cluster::ticket who) {
  stage const was = r.is;
  stop_waiting(r);
  if (was == stage::lingering) return next::close;
  if (was == stage::deciding) node_.give_up(r.character, who);
  if (was == stage::applying) node_.abandon(r.call);
  return answer(r, hop_outcome::unavailable);
}

bool proxy_process::on_peer(peer_probes::action what, cluster::incarnation owner, cluster::time_point now) {
  using action = peer_probes::action;
  if (what == action::tell_reachable || what == action::tell_unreachable)
    node_.on_probed(owner, what == action::tell_reachable, now, actions_);
  return what == action::connect;
}

}

#pragma once

namespace sim::scenario {

/// For std::visit: a function object for each alternative of a variant. One that is left out does not compile.
template<class... Cases>
struct cases : Cases... {
  using Cases::operator()...;
};
template<class... Cases>
cases(Cases...) -> cases<Cases...>;

}

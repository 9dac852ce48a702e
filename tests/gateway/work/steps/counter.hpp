#pragma once

#include <cstdint>

/// Counts work, not time: the same on every machine, on every day.
namespace tests::work {

/// Steps so far of all code that was compiled with `-fsanitize-coverage=trace-pc`: one for each basic block that it
/// went through, and one for every eight bytes that the C library's functions for memory went over, whoever called
/// them.
std::uint64_t steps();

}

/// Who is to blame: the user's files (Diagnostics), the simulated world (SimulationError),
/// the disk (IoError), or us (`ensure`).
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace busbar::base {

/// An impossible simulation, with the simulated time in its text. Exit code 3.
class SimulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file that cannot be read or written. Exit code 4.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Our mistake. Exit code 1.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Throws InternalError with `what` unless `holds`. For our own invariants, never for user data.
inline void ensure(bool holds, const char* what) {
  if (!holds) throw InternalError(std::string("internal error: ") + what);
}

}  // namespace busbar::base

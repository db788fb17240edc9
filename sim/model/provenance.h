/// Where the numbers of the input come from.
#pragma once

#include <string>

#include "sim/base/diagnostics.h"

namespace busbar::model {

/// The `source="…"` or `assumed="…"` of one element of the input.
struct Citation {
  std::string subject;  // what it is about: `accelerator 'ironwood'`
  std::string text;     // the source, or the reason of the assumption
  bool assumed = false;
  base::Location where;
};

/// An element that is read, checked and kept, but that no behaviour of this version uses.
struct Unused {
  std::string subject;
  base::Location where;
};

/// An input file or text as it was read, for the trace.
struct InputText {
  std::string name;  // path as given, unique
  std::string text;
};

}  // namespace busbar::model

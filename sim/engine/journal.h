/// The one place where happenings are written: rows of the trace and the run's fingerprint.
#pragma once

#include "sim/base/hash.h"
#include "sim/engine/clock.h"
#include "sim/record/trace_writer.h"

namespace busbar::engine {

/// Writes events with their time and keeps their running hash.
class Journal {
 public:
  Journal(const Clock& clock, record::TraceWriter& trace, bool write_events)
      : clock_(clock), trace_(trace), write_events_(write_events) {}

  void note(record::EventKind kind, std::int32_t subject, double value = 0.0) {
    const double now = clock_.now();
    hash_.add(now);
    hash_.add(static_cast<std::uint64_t>(kind) << 32 | static_cast<std::uint32_t>(subject));
    if (write_events_) trace_.add(record::EventRow{now, kind, subject, value});
  }
  std::uint64_t fingerprint() const { return hash_.digest(); }
  record::TraceWriter& trace() { return trace_; }

 private:
  const Clock& clock_;
  record::TraceWriter& trace_;
  bool write_events_;
  base::Hasher hash_;
};

}  // namespace busbar::engine

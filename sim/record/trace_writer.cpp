#include "sim/record/trace_writer.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "sim/base/calendar.h"
#include "sim/base/error.h"
#include "sim/base/hash.h"
#include "sim/record/ordered_file.h"
#include "sim/record/skeleton.h"

namespace busbar::record {

namespace {

// The instant that SOURCE_DATE_EPOCH fixes, if it is set.
std::optional<std::int64_t> fixed_date() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  if (text == nullptr) return std::nullopt;
  std::int64_t seconds = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, problem] = std::from_chars(text, end, seconds);
  if (problem != std::errc() || stop != end || seconds < 0) {
    throw base::IoError(fmt::format(
        "SOURCE_DATE_EPOCH is '{}'; it must be a whole number of seconds since 1970, or unset",
        text));
  }
  return seconds;
}

// Refuses outputs that exist or cannot be; a late failure would waste the run.
void check_output(const std::string& path, bool overwrite) {
  struct stat found {};
  if (path.empty()) throw base::IoError("the trace has no file name; give one with -o");
  if (::stat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return;  // or its directory is missing: told when the file is made
    throw base::IoError(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
  }
  if (S_ISDIR(found.st_mode)) {
    throw base::IoError(
        fmt::format("cannot write '{}': it is a directory; name a file in it", path));
  }
  if (!overwrite) {
    throw base::IoError(fmt::format(
        "'{}' exists and would be overwritten; choose another output or use --force", path));
  }
}

std::string started(std::optional<std::int64_t> fixed) {
  const double now = fixed ? static_cast<double>(*fixed) : static_cast<double>(std::time(nullptr));
  std::string text = base::format_date_time(now);
  if (text.size() > 10) text[10] = 'T';
  return text + "Z";
}

std::string_view name_of(Status status) {
  switch (status) {
    case Status::kComplete:
      return "complete";
    case Status::kInterrupted:
      return "interrupted";
    case Status::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace

class TraceWriter::Impl {
 public:
  Impl(const model::Scenario& scenario, const Provenance& provenance, Options options)
      : options_(std::move(options)), fixed_date_(fixed_date()) {
    silence_hdf5();
    check_output(options_.path, options_.overwrite);
    const std::string part = options_.path + ".part";
    if (is_being_written(part)) {
      throw base::IoError(fmt::format(
          "'{}' is being written by another run; wait for it or choose another output", part));
    }
    blocks_.emplace(part + ".new");
    try {
      create(scenario, provenance);
      blocks_->rename(part, true);
      throw_if_stopped();
    } catch (...) {
      file_.reset();
      ::unlink((part + ".new").c_str());
      throw;
    }
  }

  // Rows that were added and the status of a failed run are saved where that is still possible.
  ~Impl() {
    if (!file_) return;
    try {
      if (blocks_->error().empty()) finish(Status::kFailed, std::nullopt);
    } catch (const std::exception&) {
      blocks_->abandon("given up");
    }
    close();
  }

  void add(std::string_view path, const void* row) {
    add_rows(1, [&] { return tables_.at(path).add(row); });
  }

  void add_sample(double time_s, std::span<const SiteSample> sites,
                  std::span<const ClusterSample> clusters, std::span<const double> link_Bps) {
    base::ensure(sites.size() == shapes_.at("/series/site").across &&
                     clusters.size() == shapes_.at("/series/cluster").across &&
                     link_Bps.size() == shapes_.at("/series/link").across,
                 "a sample has one element per site, cluster and link");
    add_rows(3, [&] {
      tables_.at("/series/site").add_sample(time_s, sites.data());
      tables_.at("/series/cluster").add_sample(time_s, clusters.data());
      tables_.at("/series/link").add_sample(time_s, link_Bps.data());
    });
  }

  void set_summary(const std::string& name, const SummaryValue& value) { summary_[name] = value; }
  void set_wall_summary(const std::string& name, double seconds) {
    summary_[name] = fixed_date_ ? 0.0 : seconds;
  }

  void finish(Status status, std::optional<std::uint64_t> fingerprint) {
    base::ensure(file_.has_value(), "a trace is finished once");
    write([&] {
      for (auto& [path, table] : tables_) table.finish();
      write_summary();
      write_cost(fingerprint);
      commit();
      // Last, so that no file says `complete` that is not.
      set_text(file_->id(), "status", name_of(status), kStatusWidth);
      file_->commit();
    });
    close();
    blocks_->commit();
    blocks_->sync();
    if (status != Status::kFailed) blocks_->rename(options_.path, options_.overwrite);
    throw_if_stopped();
  }

 private:
  void create(const model::Scenario& scenario, const Provenance& provenance) {
    shapes_ = shapes_of(scenario, options_);
    {
      // Closed once: a file opened again has no holes to fill, so it only grows at its end.
      OrderedHdf5 skeleton(*blocks_, OrderedHdf5::Mode::kCreate);
      write_skeleton(skeleton.id(), scenario, provenance, options_, shapes_, started(fixed_date_),
                     deflater_);
      skeleton.close();
      blocks_->commit();
      throw_if_stopped();
    }
    file_.emplace(*blocks_, OrderedHdf5::Mode::kOpen);
    for (const auto& [path, shape] : shapes_) {
      tables_.try_emplace(path, file_->id(), table_at(path), shape, deflater_);
    }
    file_->commit();
  }

  template <class Add>
  void add_rows(std::uint64_t rows, const Add& add) {
    base::ensure(file_.has_value(), "rows come before the trace is finished");
    write(add);
    rows_since_flush_ += rows;
    if (rows_since_flush_ < kFlushRows) return;
    rows_since_flush_ = 0;
    write([this] { commit(); });
  }

  // Runs what may write. The disk's failure is told before what HDF5 makes of it.
  template <class Work>
  void write(const Work& work) {
    throw_if_stopped();
    try {
      work();
    } catch (const base::IoError&) {
      throw_if_stopped();
      throw;
    }
    throw_if_stopped();
  }

  void throw_if_stopped() const {
    if (blocks_->error().empty()) return;
    throw base::IoError(fmt::format("trace '{}': {}", blocks_->path(), blocks_->error()));
  }

  // First the rows, then how many of them there are.
  void commit() {
    file_->commit();
    for (auto& [path, table] : tables_) table.store_committed();
    file_->commit();
  }

  void write_summary() {
    const Handle group(H5Gopen2(file_->id(), "/summary", H5P_DEFAULT), "open /summary");
    for (const auto& [name, value] : summary_) {
      std::visit([&](const auto& v) { set_attribute(group.get(), name, v); }, value);
    }
  }

  void write_cost(std::optional<std::uint64_t> fingerprint) {
    const Handle group(H5Gopen2(file_->id(), "/provenance", H5P_DEFAULT), "open /provenance");
    double wall_s = 0.0, cpu_s = 0.0;
    std::int64_t peak_bytes = 0;
    if (!fixed_date_) {
      rusage used{};
      getrusage(RUSAGE_SELF, &used);
      const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
      };
      wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
      cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
      peak_bytes = std::int64_t{1024} * used.ru_maxrss;
    }
    set_attribute(group.get(), "wall_time_s", wall_s);
    set_attribute(group.get(), "cpu_time_s", cpu_s);
    set_attribute(group.get(), "peak_rss_bytes", peak_bytes);
    if (fingerprint) {
      set_text(group.get(), "fingerprint", base::hex(*fingerprint), kFingerprintWidth);
    }
  }

  void close() {
    tables_.clear();
    file_.reset();
  }

  Options options_;
  std::optional<std::int64_t> fixed_date_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  base::PlaneDeflater deflater_;
  Shapes shapes_;
  std::optional<OrderedFile> blocks_;
  std::optional<OrderedHdf5> file_;
  std::map<std::string_view, TableWriter> tables_;
  std::map<std::string, SummaryValue> summary_;
  std::uint64_t rows_since_flush_ = 0;
};

TraceWriter::TraceWriter(const model::Scenario& scenario, const Provenance& provenance,
                         Options options)
    : impl_(std::make_unique<Impl>(scenario, provenance, std::move(options))) {}
TraceWriter::~TraceWriter() = default;

void TraceWriter::add(const JobRow& row) { impl_->add("/jobs", &row); }
void TraceWriter::add(const SegmentRow& row) { impl_->add("/segments", &row); }
void TraceWriter::add(const EventRow& row) { impl_->add("/events", &row); }
void TraceWriter::add(const FaultRow& row) { impl_->add("/faults", &row); }
void TraceWriter::add(const LossRow& row) { impl_->add("/losses", &row); }
void TraceWriter::add(const ServingRow& row) { impl_->add("/serving", &row); }
void TraceWriter::add(const LedgerRow& row) { impl_->add("/ledger", &row); }
void TraceWriter::add(const SiteSummaryRow& row) { impl_->add("/summary/sites", &row); }
void TraceWriter::add(const VendorSummaryRow& row) { impl_->add("/summary/vendors", &row); }
void TraceWriter::add(const StageSummaryRow& row) { impl_->add("/summary/stages", &row); }
void TraceWriter::add(const LinkSummaryRow& row) { impl_->add("/summary/links", &row); }
void TraceWriter::add(const ClaimRow& row) { impl_->add("/summary/claims", &row); }

void TraceWriter::add_sample(double time_s, std::span<const SiteSample> sites,
                             std::span<const ClusterSample> clusters,
                             std::span<const double> link_Bps) {
  impl_->add_sample(time_s, sites, clusters, link_Bps);
}

void TraceWriter::set_summary(const std::string& name, const SummaryValue& value) {
  impl_->set_summary(name, value);
}

void TraceWriter::set_wall_summary(const std::string& name, double seconds) {
  impl_->set_wall_summary(name, seconds);
}

void TraceWriter::finish(Status status, std::uint64_t fingerprint) {
  impl_->finish(status, fingerprint);
}

}  // namespace busbar::record

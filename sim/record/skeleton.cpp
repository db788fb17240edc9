#include "sim/record/skeleton.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "sim/base/calendar.h"
#include "sim/base/hash.h"
#include "sim/record/platform_tables.h"

namespace busbar::record {

namespace {

// Attributes live in object headers, which hold at most 64 KiB.
constexpr size_t kLongestAttribute = 32768;

std::string attribute_text(const std::string& text) {
  if (text.size() <= kLongestAttribute) return text;
  size_t bytes = kLongestAttribute;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return fmt::format("{} … (cut here: {} bytes in all)", text.substr(0, bytes), text.size());
}

// A chunk of samples holds about as many values as one of rows, so that wide platforms need no
// more memory and a killed run of a few hundred samples keeps most of them.
size_t sample_rows(size_t across) {
  return std::clamp<size_t>(std::bit_floor(kChunkRows / std::max<size_t>(across, 1)), 16,
                            kChunkRows);
}

void write_text(hid_t group, const std::string& name, const model::InputText& input) {
  const Handle type = text_type(input.text.size());
  const hsize_t one = 1;
  const Handle space(H5Screate_simple(1, &one, nullptr), "make the space of an input");
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), "make dataset properties");
  check(H5Pset_chunk(creation.get(), 1, &one), "set chunks");
  check(H5Pset_deflate(creation.get(), 1), "set gzip");
  check(H5Pset_obj_track_times(creation.get(), false), "switch object times off");
  const Handle dataset(H5Dcreate2(group, name.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                  creation.get(), H5P_DEFAULT),
                       "store input " + input.name);
  const std::string padded = input.text.empty() ? std::string(1, '\0') : input.text;
  check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, padded.data()),
        "store input " + input.name);
  set_attribute(dataset.get(), "name", input.name);
  set_attribute(dataset.get(), "sha256", base::sha256(input.text));
}

// `/` separates groups in HDF5, so it is written as in URLs.
std::string link_name(const std::string& input) {
  std::string name;
  for (const char c : input) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '%') {
      name += "%25";
    } else {
      name += c;
    }
  }
  return name == "." ? "%2E" : name;
}

void write_provenance(hid_t file, const model::Scenario& scenario, const Provenance& provenance,
                      const std::string& started_utc) {
  const Handle group = make_group(file, "/provenance");
  const auto set = [&](const char* name, const AttributeValue& value) {
    set_attribute(group.get(), name, value);
  };
  std::string config;
  for (const auto& [name, value] : provenance.simgrid_config) {
    config += fmt::format("{}{}={}", config.empty() ? "" : "\n", name, value);
  }
  set("version", provenance.version);
  set("git_sha", provenance.git_sha);
  set("command_line", attribute_text(provenance.command_line));
  set("overrides", attribute_text(fmt::format("{}", fmt::join(scenario.overrides, "\n"))));
  set("started_utc", started_utc);
  set("wall_time_s", std::nan(""));
  set("cpu_time_s", std::nan(""));
  set("peak_rss_bytes", std::int64_t{-1});
  set("seed", scenario.seed);
  set("replicate", scenario.replicate);
  set("scenario_hash", base::hex(scenario.hash));
  set_text(group.get(), "fingerprint", "", kFingerprintWidth);
  set("simgrid_version", provenance.simgrid_version);
  set("simgrid_config", attribute_text(config));
  if (!provenance.policy_library.empty()) {
    set("policy_library", attribute_text(provenance.policy_library));
    set("policy_library_sha256", provenance.policy_library_sha256);
  }

  const Handle inputs = make_group(file, "/provenance/inputs");
  std::set<std::string> written;
  for (const model::InputText& input : scenario.inputs) {
    const std::string name = link_name(input.name.empty() ? "unnamed" : input.name);
    if (written.insert(name).second) write_text(inputs.get(), name, input);
  }
}

void write_scenario(hid_t file, const model::Scenario& scenario) {
  const Handle group = make_group(file, "/scenario");
  const auto set = [&](const char* name, const AttributeValue& value) {
    set_attribute(group.get(), name, value);
  };
  set("name", scenario.name);
  set("title", scenario.title);
  set("world", scenario.platform.name);
  set("mix", scenario.workload.name);
  set("start", base::format_date_time(scenario.start_unix_s));
  set("start_unix_s", scenario.start_unix_s);
  set("horizon_s", scenario.horizon ? scenario.horizon->value : std::nan(""));
  set("queue_policy", scenario.queue_policy.name);
  set("placement", scenario.placement.name);
  set("broker", scenario.broker.name);
  set("sample_interval_s", scenario.recording.sample_interval.value);
}

}  // namespace

Shapes shapes_of(const model::Scenario& scenario, const TraceWriter::Options& options) {
  const model::Platform& platform = scenario.platform;
  std::set<std::string_view> vendors;
  for (const auto& accelerator : platform.accelerators) vendors.insert(accelerator.vendor);
  std::vector<std::string_view> names, sources;
  for (const model::Claim& claim : platform.claims) {
    names.push_back(claim.name);
    sources.push_back(claim.source);
  }
  std::vector<std::string_view> campaigns, stages;
  for (const model::Campaign& campaign : scenario.workload.campaigns) {
    campaigns.push_back(campaign.name);
    for (const model::CampaignStage& stage : campaign.stages) stages.push_back(stage.name);
  }
  constexpr size_t kUnitWidth = 16;
  const auto at_end = [](size_t rows, std::vector<size_t> widths) {
    return Shape{std::max<size_t>(rows, 1), 1, std::move(widths)};
  };
  const auto samples = [](size_t across) { return Shape{sample_rows(across), across, {}}; };

  Shapes shapes;
  for (const Table& table : tables()) {
    if (table.growth == Growth::kRows) shapes[table.path] = {};
  }
  shapes["/jobs"].text_width = {std::max<size_t>(options.longest_job_name, 1)};
  shapes["/series/site"] = samples(platform.sites.size());
  shapes["/series/cluster"] = samples(platform.clusters.size());
  shapes["/series/link"] = samples(options.links.size());
  shapes["/summary/sites"] = at_end(platform.sites.size(), {});
  shapes["/summary/vendors"] = at_end(vendors.size(), {widest(vendors)});
  shapes["/summary/links"] = at_end(options.links.size(), {});
  shapes["/summary/stages"] = at_end(stages.size(), {widest(campaigns), widest(stages)});
  shapes["/summary/claims"] =
      at_end(platform.claims.size(), {widest(names), kUnitWidth, widest(sources)});
  return shapes;
}

void write_skeleton(hid_t file, const model::Scenario& scenario, const Provenance& provenance,
                    const TraceWriter::Options& options, const Shapes& shapes,
                    const std::string& started_utc, base::PlaneDeflater& deflater) {
  set_attribute(file, "filetype", std::string("busbar-trace"));
  set_numbers(file, "version", H5T_STD_I32LE, H5T_NATIVE_INT32, 2, kFormatVersion);
  set_text(file, "status", "running", kStatusWidth);
  write_scenario(file, scenario);
  make_group(file, "/summary");
  write_provenance(file, scenario, provenance, started_utc);
  write_platform(file, scenario, options.links, deflater);
  for (const Table& table : tables()) {
    if (table.growth == Growth::kWhole) continue;
    create_table(file, table, shapes.at(table.path));
  }
}

}  // namespace busbar::record

#include "sim/cli/shipped.h"

#include <algorithm>
#include <filesystem>

namespace busbar::cli {
namespace fs = std::filesystem;
namespace {

std::string at_or_above(fs::path folder) {
  std::error_code ec;
  for (;; folder = folder.parent_path()) {
    if (fs::is_directory(folder / "platforms" / "catalog", ec)) return folder.string();
    if (!folder.has_relative_path()) return {};
  }
}

}  // namespace

std::string shipped_folder() {
  std::error_code ec;
  const std::string here = at_or_above(fs::current_path(ec));
  return here.empty() ? at_or_above(fs::canonical("/proc/self/exe", ec).parent_path()) : here;
}

std::string shipped_chips() {
  const std::string root = shipped_folder();
  return root.empty() ? root : (fs::path(root) / "platforms" / "worlds" / "chips.xml").string();
}

std::vector<std::string> shipped_models() {
  std::vector<std::string> files;
  std::error_code ec;
  const fs::path folder = fs::path(shipped_folder()) / "workloads" / "models";
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".xml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace busbar::cli

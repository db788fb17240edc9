#include "sim/cli/picture.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sim/base/error.h"
#include "sim/cli/commands.h"

namespace busbar::cli {
namespace fs = std::filesystem;

int draw(const std::string& module, const std::vector<std::string>& arguments) {
  std::error_code ec;
  const char* named = std::getenv("BUSBAR_PYTHON");
  std::string python = named != nullptr ? named : "python3";
  if (named == nullptr && fs::exists(".venv/bin/python", ec)) python = ".venv/bin/python";
  const std::string self = fs::read_symlink("/proc/self/exe", ec).string();
  if (!ec) setenv("BUSBAR_BIN", self.c_str(), 0);
  std::vector<std::string> words = {python, "-m", module};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::fflush(stdout);
  pid_t child = 0;
  int status = 0;
  if (posix_spawnp(&child, python.c_str(), nullptr, nullptr, pointers.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child) {
    throw base::IoError(
        fmt::format("cannot start '{}' to draw; BUSBAR_PYTHON names another one", python));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kUnexpected;
}

int draw(const std::string& module, const base::Json& data, const std::string& picture) {
  const fs::path file = fs::temp_directory_path() / fmt::format("busbar-{}.json", getpid());
  std::ofstream(file) << data.dump();
  const int code = draw(module, {file.string(), "-o", picture});
  std::error_code ec;
  fs::remove(file, ec);
  return code;
}

}  // namespace busbar::cli

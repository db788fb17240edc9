/// Published logs of inference requests.
#pragma once

#include <string>
#include <vector>

#include "sim/base/diagnostics.h"

namespace busbar::generator {

/// One request of a log.
struct LoggedRequest {
  double arrival_s = 0.0;  // since the first one
  double input_tokens = 0.0, output_tokens = 0.0;
};

/// Reads a log of requests, plain or gzipped, sorted by arrival: Azure's LLM traces (CSV:
/// TIMESTAMP, ContextTokens, GeneratedTokens) and Mooncake's (JSON lines: timestamp in
/// milliseconds, input_length, output_length), told by their content. Problems name file and row.
/// Throws IoError.
std::vector<LoggedRequest> read_request_log(const std::string& path, base::Diagnostics& problems);

}  // namespace busbar::generator

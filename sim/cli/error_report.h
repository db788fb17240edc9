/// Errors of predictions as JSON and as cells of a table, for all validations.
#pragma once

#include <string>
#include <vector>

#include "sim/base/json.h"
#include "sim/validation/error_table.h"

namespace busbar::cli {

base::Json json_of(const validation::Errors& errors);

/// The head of a table of errors, and one of its rows; the last cell is the null model's MAPE.
std::vector<std::string> error_head();
std::vector<std::string> error_cells(const std::string& name, const validation::Errors& model,
                                     const validation::Errors& null);

/// What every row of a validation says: its place, and why it is not expressible or else the
/// figures, in seconds; a null model of 0 is none.
base::Json::Object row_json(int row, const std::string& id, const std::string& reason,
                            double measured_s, double predicted_s, double null_s);

}  // namespace busbar::cli

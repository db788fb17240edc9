#include "sim/input/distribution_reader.h"

namespace busbar::input {

model::Distribution read_distribution(const xml::Element& e, base::Dimension dimension,
                                      double least, base::Diagnostics& problems) {
  using base::Dimension;
  using model::DistributionKind;
  model::Distribution d;
  const std::string kind = e.get("distribution");
  const auto value = [&](std::string_view name) {
    return xml::required_quantity(e, name, dimension, problems, least);
  };
  d.least = xml::quantity(e, "min", dimension, least, problems, least);
  d.most = xml::quantity(e, "max", dimension, 0.0, problems, least);
  if (kind == "constant") {
    d.location = value("value");
  } else if (kind == "exponential") {
    d.kind = DistributionKind::kExponential;
    d.location = value("mean");
  } else if (kind == "lognormal") {
    d.kind = DistributionKind::kLogNormal;
    d.location = value("median");
    d.spread = xml::required_quantity(e, "sigma", Dimension::kCount, problems);
  } else if (kind == "uniform") {
    d.kind = DistributionKind::kUniform;
    d.location = value("min");
    d.spread = value("max");
  } else {
    d.kind = DistributionKind::kChoice;
    for (const xml::Element& c : e.children("choice")) {
      d.values.push_back(xml::required_quantity(c, "value", dimension, problems, least));
      d.weights.push_back(xml::required_quantity(c, "weight", Dimension::kCount, problems));
    }
    double sum = 0.0;
    for (const double w : d.weights) sum += w;
    if (sum <= 0.0) {
      problems.error(e.where(), "<{}> is a choice: write <choice value=\"…\" weight=\"…\"/>",
                     e.name());
    }
    d.location = d.values.empty() ? least : d.values.front();
  }
  if (d.most > 0.0 && d.most < d.least) {
    problems.error(e.where("max"), "<{}>: max is below min", e.name());
  }
  return d;
}

}  // namespace busbar::input

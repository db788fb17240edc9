/// Platform files into the model.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/input/reading.h"
#include "sim/model/platform.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Reads a <platform> element that its schema has accepted.
model::Platform read_platform_element(const xml::Element& root, base::Diagnostics& problems);

/// The pieces, in the order in which they refer to each other.
void read_catalogs(const xml::Element& root, model::Platform& platform, FirstPlaces& first,
                   base::Diagnostics& problems);
void read_efficiency(const xml::Element& e, model::Platform& platform, base::Diagnostics& problems);
void read_failures(const xml::Element& e, model::Platform& platform, FirstPlaces& first,
                   base::Diagnostics& problems);
void read_sites(const xml::Element& root, model::Platform& platform, FirstPlaces& first,
                base::Diagnostics& problems);
/// Backbones, the links of the sites to them, and the links between sites.
void read_wan(const xml::Element& root, model::Platform& platform, FirstPlaces& first,
              base::Diagnostics& problems);

}  // namespace busbar::input

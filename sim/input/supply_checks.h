/// Checks of the power feeds and cooling loops of a site.
#pragma once

#include "sim/base/diagnostics.h"
#include "sim/model/platform.h"
#include "sim/xml/document.h"

namespace busbar::input {

/// Supplies serve what is at the site; they are either named or counted, and there are at most as
/// many as domains. Notes rates per feed or loop at a site that has none. The site's clusters are
/// read.
void check_supplies(const xml::Element& e, const model::Site& site, model::Platform& platform,
                    base::Diagnostics& problems);

}  // namespace busbar::input

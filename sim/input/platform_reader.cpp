#include "sim/input/platform_reader.h"

#include <fmt/format.h>

namespace busbar::input {

using base::Dimension;
using model::ClaimQuantity;
using model::Platform;
using xml::Element;

namespace {

void read_organisation(const Element& e, Platform& platform, FirstPlaces& first,
                       base::Diagnostics& problems) {
  model::Organisation organisation;
  organisation.name = e.get("id");
  organisation.quota_chips = xml::integer(e, "quota-chips", 0, problems, 1);
  organisation.budget = base::Usd{xml::quantity(e, "budget", Dimension::kMoney, 0.0, problems)};
  organisation.residency = xml::words(e, "residency");
  organisation.home = e.get("home");
  const std::string subject = fmt::format("organisation '{}'", organisation.name);
  for (const char* attribute : {"quota-chips", "budget"}) {
    if (e.has(attribute))
      platform.unused.push_back({subject + " " + attribute, e.where(attribute)});
  }
  cite(e, subject, platform.citations, problems);
  first.add(platform.organisations, std::move(organisation), e, "organisation", problems);
}

void read_region(const Element& e, Platform& platform, FirstPlaces& first,
                 base::Diagnostics& problems) {
  model::Region region;
  region.name = e.get("id");
  region.latitude_deg = xml::quantity(e, "latitude", Dimension::kAngle, 0.0, problems, -90.0, 90.0);
  region.longitude_deg =
      xml::quantity(e, "longitude", Dimension::kAngle, 0.0, problems, -180.0, 180.0);
  region.utc_offset_h =
      xml::quantity(e, "utc-offset", Dimension::kTime, 0.0, problems, -14 * 3600.0, 14 * 3600.0) /
      base::kHour;
  cite(e, fmt::format("region '{}'", region.name), platform.citations, problems);
  first.add(platform.regions, std::move(region), e, "region", problems);
}

void read_contract(const Element& e, Platform& platform, FirstPlaces& first,
                   base::Diagnostics& problems) {
  model::Contract contract;
  contract.name = e.get("id");
  contract.buyer = e.get("buyer");
  contract.seller = e.get("seller");
  contract.object = e.get("object");
  if (e.has("power")) {
    contract.power = base::Watts{xml::quantity(e, "power", Dimension::kPower, 0.0, problems)};
  }
  if (e.has("value")) {
    contract.value = base::Usd{xml::quantity(e, "value", Dimension::kMoney, 0.0, problems)};
  }
  contract.from_unix_s = xml::date(e, "from", 0.0, problems);
  contract.until_unix_s = xml::date(e, "until", 0.0, problems);
  contract.site = e.get("site");
  resolve(e, "site", "site", platform.sites, problems);
  if (contract.until_unix_s > 0.0 && contract.until_unix_s < contract.from_unix_s) {
    problems.error(e.where("until"), "contract '{}' ends before it begins", contract.name);
  }
  platform.unused.push_back({fmt::format("contract '{}'", contract.name), e.where()});
  cite(e, fmt::format("contract '{}'", contract.name), platform.citations, problems);
  first.add(platform.contracts, std::move(contract), e, "contract", problems);
}

// Name and dimension of each quantity, in the order of the enumeration.
struct ClaimKind {
  std::string_view name;
  ClaimQuantity quantity;
  Dimension dimension;
};
constexpr ClaimKind kClaimKinds[] = {
    {"facility-power", ClaimQuantity::kFacilityPower, Dimension::kPower},
    {"it-power", ClaimQuantity::kItPower, Dimension::kPower},
    {"chips-installed", ClaimQuantity::kChipsInstalled, Dimension::kCount},
    {"capital-cost", ClaimQuantity::kCapitalCost, Dimension::kMoney},
    {"chip-cost", ClaimQuantity::kChipCost, Dimension::kMoney},
    {"contract-value", ClaimQuantity::kContractValue, Dimension::kMoney},
    {"training-jobs", ClaimQuantity::kTrainingJobs, Dimension::kCount},
};

void read_claim(const Element& e, Platform& platform, base::Diagnostics& problems) {
  model::Claim claim;
  claim.name = e.get("id");
  for (const ClaimKind& kind : kClaimKinds) {
    if (kind.name != e.get("quantity")) continue;
    claim.quantity = kind.quantity;
    claim.value = xml::required_quantity(e, "value", kind.dimension, problems, 1e-300);
  }
  claim.sites = xml::words(e, "sites");
  for (const std::string& site : claim.sites) {
    if (platform.sites.find(site)) continue;
    problems.error(e.where("sites"), "unknown site '{}';{}", site,
                   base::suggestion(site, platform.sites.names()));
  }
  claim.vendor = e.get("vendor");
  claim.at_most = e.get("bound") == "at-most";
  claim.at_least = e.get("bound") == "at-least";
  claim.at_unix_s = xml::date(e, "at", 0.0, problems);
  claim.since_unix_s = xml::date(e, "since", 0.0, problems);
  if (claim.since_unix_s > 0.0 && claim.since_unix_s >= claim.at_unix_s) {
    problems.error(e.where("since"), "an increase since a date needs a later at=\"…\"");
  }
  claim.source = e.get("source");
  for (const model::Claim& other : platform.claims) {
    if (other.name == claim.name) {
      problems.error(e.where("id"), "claim '{}' is defined twice", claim.name);
    }
  }
  platform.claims.push_back(std::move(claim));
}

}  // namespace

Platform read_platform_element(const Element& root, base::Diagnostics& problems) {
  Platform platform;
  platform.name = root.get("name");
  platform.title = root.get("title", platform.name);
  FirstPlaces first;
  read_catalogs(root, platform, first, problems);
  for (const Element& e : root.children("organisation")) {
    read_organisation(e, platform, first, problems);
  }
  for (const Element& e : root.children("region")) read_region(e, platform, first, problems);
  read_sites(root, platform, first, problems);
  for (const Element& e : root.children("organisation")) {
    resolve(e, "home", "site", platform.sites, problems);
  }
  read_wan(root, platform, first, problems);
  for (const Element& e : root.children("contract")) read_contract(e, platform, first, problems);
  for (const Element& e : root.children("claim")) read_claim(e, platform, problems);
  return platform;
}

}  // namespace busbar::input

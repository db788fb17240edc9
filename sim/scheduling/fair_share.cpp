#include "sim/scheduling/fair_share.h"

#include <algorithm>
#include <optional>

#include "sim/base/error.h"
#include "sim/scheduling/count_timeline.h"
#include "sim/scheduling/pass.h"
#include "sim/scheduling/pool_timeline.h"

namespace busbar::scheduling {
namespace {

using Place = WaitingQueue::Place;

// One organisation in a pass.
struct Account {
  Tenant tenant;
  std::vector<Place> waiting;  // in the order of the queue
  bool over_quota() const { return tenant.held_chips > tenant.quota_chips; }
};

// One pass: the pool's state as the decisions change it.
class Pass {
 public:
  Pass(const PoolView& pool, bool preemption)
      : pool_(pool), preemption_(preemption), state_(pool.state) {
    base::ensure(!pool.tenants.empty(), "a fair share without organisations");
    for (const Tenant& tenant : pool.tenants) accounts_.push_back({tenant, {}});
    const WaitingQueue& queue = pool.queue;
    for (Place at = queue.front(); at != WaitingQueue::kEnd; at = queue.after(at)) {
      account_of(queue[at].tenant).waiting.push_back(at);
    }
    for (Account& account : accounts_) order_.push_back(&account);
    std::stable_sort(order_.begin(), order_.end(), [](const Account* a, const Account* b) {
      const bool owner_a = a->tenant.quota_chips > 0.0, owner_b = b->tenant.quota_chips > 0.0;
      if (owner_a != owner_b) return owner_a;
      return used(*a) < used(*b);
    });
  }

  Decisions run() {
    plan_around_windows();
    for (Account* account : order_) claim(*account);
    std::vector<Place> rest = waiting_claims_;
    for (const Account* account : order_) {
      for (const Place at : account->waiting) {
        if (std::find(waiting_claims_.begin(), waiting_claims_.end(), at) ==
            waiting_claims_.end()) {
          rest.push_back(at);
        }
      }
    }
    if (around_windows_) {
      borrow_around_windows(rest);
    } else if (CountTimeline::suffices(state_)) {
      borrow<CountTimeline>(rest);
    } else {
      borrow<PoolTimeline>(rest);
    }
    std::sort(decisions_.preempted.begin(), decisions_.preempted.end());
    say_what_the_head_waits_for(pool_, state_, decisions_);
    return std::move(decisions_);
  }

 private:
  static double used(const Account& account) {
    const Tenant& tenant = account.tenant;
    return tenant.quota_chips > 0.0 ? tenant.used_chip_s / tenant.quota_chips : tenant.used_chip_s;
  }
  Account& account_of(std::int32_t tenant) {
    return tenant < 0 ? accounts_.back() : accounts_[static_cast<size_t>(tenant)];
  }

  void start(Place at, Allocation allocation) {
    state_.take(allocation);
    if (around_windows_) around_windows_->start(pool_.queue[at], allocation);
    account_of(pool_.queue[at].tenant).tenant.held_chips +=
        static_cast<double>(pool_.queue[at].request.chips);
    decisions_.starts.push_back({at, std::move(allocation)});
  }

  // Where windows hold chips back, a job fits if it does until its requested end.
  void plan_around_windows() {
    if (pool_.windows.empty()) return;
    around_windows_.emplace(pool_, state_);
    const std::set<RunningJob> started = just_started(pool_, decisions_);
    by_expected_end(pool_.running, started, [&](const RunningJob& running) {
      if (!gives_way(running)) around_windows_->release(running);
      return true;
    });
    around_windows_->complete();
  }

  bool fits(const WaitingJob& job, Allocation& found) const {
    Obstacle why = Obstacle::kNone;
    if (around_windows_) return around_windows_->find_now(job, found);
    return state_.find(job.request, pool_.placement, found, why);
  }

  // Nobody gives way to a claim that would run into a window.
  bool claim_back(const Account& owner, const WaitingJob& job, Allocation& found) {
    if (!around_windows_) return reclaim(owner, job.request, found);
    const PoolState state = state_;
    const std::vector<Account> accounts = accounts_;
    const std::vector<std::int32_t> preempted = decisions_.preempted;
    if (!reclaim(owner, job.request, found)) return false;
    plan_around_windows();
    if (around_windows_->find_now(job, found)) return true;
    state_ = state;
    for (size_t i = 0; i < accounts_.size(); ++i) accounts_[i].tenant = accounts[i].tenant;
    decisions_.preempted = preempted;
    plan_around_windows();
    return false;
  }

  // First round: what an organisation's quota gives it.
  void claim(Account& account) {
    std::vector<Place> left;
    bool claims = account.tenant.quota_chips > 0.0;
    for (const Place at : account.waiting) {
      const WaitingJob& job = pool_.queue[at];
      const auto chips = static_cast<double>(job.request.chips);
      if (!claims || chips > account.tenant.quota_chips) {
        left.push_back(at);
        continue;
      }
      claims = account.tenant.held_chips + chips <= account.tenant.quota_chips;
      Allocation found;
      if (claims && (fits(job, found) || (preemption_ && claim_back(account, job, found)))) {
        start(at, std::move(found));
        continue;
      }
      if (claims) waiting_claims_.push_back(at);
      claims = false;
      left.push_back(at);
    }
    account.waiting = std::move(left);
  }

  bool gives_way(const RunningJob& job) const {
    return std::find(decisions_.preempted.begin(), decisions_.preempted.end(), job.id) !=
           decisions_.preempted.end();
  }

  // Finds room for a claim among the chips that others have borrowed.
  bool reclaim(const Account& owner, const Request& request, Allocation& found) {
    std::vector<const RunningJob*> borrowers;
    std::int64_t chips = state_.free_chips();
    for (const RunningJob& job : pool_.running) {
      const Account& account = account_of(job.tenant);
      if (&account == &owner || !account.over_quota() || gives_way(job) ||
          job.start_s >= pool_.now_s) {
        continue;
      }
      borrowers.push_back(&job);
      chips += job.chips;
    }
    if (chips < request.chips) return false;
    std::sort(borrowers.begin(), borrowers.end(), [](const RunningJob* a, const RunningJob* b) {
      return a->start_s != b->start_s ? a->start_s > b->start_s : a->id > b->id;
    });
    PoolState state = state_;
    const std::vector<Account> before = accounts_;
    std::vector<const RunningJob*> victims;
    Obstacle why = Obstacle::kNone;
    bool fits = false;
    for (const RunningJob* job : borrowers) {
      Account& account = account_of(job->tenant);
      if (!account.over_quota()) continue;
      account.tenant.held_chips -= static_cast<double>(job->chips);
      state.give_back(*job->allocation);
      victims.push_back(job);
      fits = state.find(request, pool_.placement, found, why);
      if (fits) break;
    }
    if (!fits) {
      for (size_t i = 0; i < accounts_.size(); ++i) accounts_[i].tenant = before[i].tenant;
      return false;
    }
    for (const RunningJob* job : victims) {
      PoolState without = state;
      Allocation same = *job->allocation, elsewhere;
      without.take(same);
      if (without.find(request, pool_.placement, elsewhere, why)) {
        state = std::move(without);
        found = std::move(elsewhere);
        account_of(job->tenant).tenant.held_chips += static_cast<double>(job->chips);
      } else {
        decisions_.preempted.push_back(job->id);
      }
    }
    state_ = std::move(state);
    return true;
  }

  // Second round: what others leave, behind one reservation.
  template <class Timeline>
  void borrow(const std::vector<Place>& jobs) {
    std::optional<Timeline> timeline;
    std::int64_t free = state_.free_chips();
    for (const Place at : jobs) {
      if (timeline && free == 0) break;
      const WaitingJob& job = pool_.queue[at];
      Allocation found;
      Obstacle why = Obstacle::kNone;
      if (timeline) {
        if (!timeline->fits_now(job) || !timeline->find_now(job, found)) continue;
      } else if (!state_.find(job.request, pool_.placement, found, why)) {
        if (free == 0) break;
        timeline.emplace(pool_, state_);
        const std::set<RunningJob> started = just_started(pool_, decisions_);
        by_expected_end(pool_.running, started, [&](const RunningJob& running) {
          if (!gives_way(running)) timeline->release(running);
          return true;
        });
        timeline->complete();
        timeline->reserve(job);
        continue;
      }
      start(at, std::move(found));
      free -= job.request.chips;
      if (timeline) timeline->start(job, decisions_.starts.back().allocation);
    }
  }

  void borrow_around_windows(const std::vector<Place>& jobs) {
    bool reserved = false;
    for (const Place at : jobs) {
      Allocation found;
      if (fits(pool_.queue[at], found)) {
        start(at, std::move(found));
      } else if (!reserved) {
        around_windows_->reserve(pool_.queue[at]);
        reserved = true;
      }
    }
  }

  const PoolView& pool_;
  bool preemption_;
  PoolState state_;
  std::optional<PoolTimeline> around_windows_;  // none: nothing is held back
  std::vector<Account> accounts_;               // by index of the organisation
  std::vector<Account*> order_;
  std::vector<Place> waiting_claims_;  // that do not fit
  Decisions decisions_;
};

}  // namespace

Decisions FairShare::decide(const PoolView& pool) const {
  if (pool.queue.empty()) return {};
  return Pass(pool, parameters_.preemption).run();
}

}  // namespace busbar::scheduling

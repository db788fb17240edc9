/*
 * First come first served, with or without EASY backfilling: the same decisions as the built-in
 * policies `fcfs` and `easy`, as an example of a policy in a library. Build it and run it with
 *
 *   cc -std=c99 -O2 -shared -fPIC -I. -o libfcfs_or_easy.so
 * workloads/scenarios/policy-plugin/fcfs_or_easy.c build/release/busbar run
 * workloads/scenarios/tiny.xml --policy-library ./libfcfs_or_easy.so
 */
#include <math.h>
#include <stddef.h>

#include "sim/scheduling/busbar_policy.h"

static double backfill = 1.0;

static void* create(const double* parameters) {
  backfill = parameters[0];
  return NULL;
}

static void start(const busbar_view* view, busbar_decisions* decisions, uint32_t job) {
  const busbar_start chosen = {view->waiting[job].id, -1};
  decisions->starts[decisions->start_count++] = chosen;
}

static int decide(void* self, const busbar_view* view, const busbar_host* host,
                  busbar_decisions* decisions) {
  (void)self;
  /* The head of the queue starts while it fits. */
  uint32_t head = 0;
  while (head < view->waiting_count && host->take(host, BUSBAR_NOW, head)) {
    start(view, decisions, head++);
  }
  if (head == view->waiting_count || backfill == 0.0) return 0;

  /* The one that does not fit gets a reservation at the shadow time, and its chips in the plan. */
  host->copy(host, BUSBAR_PLAN, BUSBAR_NOW);
  const double shadow_s = host->earliest(host, BUSBAR_PLAN, head);
  if (shadow_s < INFINITY) host->take(host, BUSBAR_PLAN, head);

  /* Later jobs start if they fit and end by then, or fit beside the head in the plan as well. */
  for (uint32_t job = head + 1; job < view->waiting_count; ++job) {
    if (!host->fits(host, BUSBAR_NOW, job)) continue;
    const int ends_in_time = view->now_s + view->waiting[job].requested_s <= shadow_s;
    if (!ends_in_time && !host->take(host, BUSBAR_PLAN, job)) continue;
    host->take(host, BUSBAR_NOW, job);
    start(view, decisions, job);
  }
  return 0;
}

static const busbar_parameter parameters[] = {
    {"backfill", "1", "1: EASY backfilling; 0: first come first served", BUSBAR_NUMBER, 1, 0, 1},
};

static const busbar_policy policy = {
    BUSBAR_POLICY_HEAD,
    "fcfs-or-easy",
    "FCFS or EASY backfilling, from a library",
    parameters,
    1,
    create,
    decide,
};

const busbar_policy* busbar_get_policy(void) { return &policy; }

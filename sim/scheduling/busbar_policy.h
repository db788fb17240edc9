/*
 * The interface between Busbar and a queue policy in a shared library, in plain C (C99 and later).
 *
 * A library exports one function, busbar_get_policy(), and is named on the command line:
 *   busbar run scenario.xml --policy-library ./libmine.so
 *
 * The policy is called after every arrival, completion and change of capacity of a pool of chips,
 * at most once per simulated instant and pool. It gets plain arrays and says which waiting jobs
 * start and which running jobs give way. It must be a function of what it is given: a policy that
 * reads clocks or random numbers makes runs that cannot be repeated. It runs in a process of its
 * own; what it prints goes to the standard error.
 *
 * Times are seconds since the start of the scenario, powers are watts. How to write one:
 * sim/doc/user-guide/write-a-policy.md.
 */
#ifndef BUSBAR_POLICY_H
#define BUSBAR_POLICY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a library built before would misread what it is given. */
#define BUSBAR_POLICY_ABI 1

/* What a parameter measures; the policy gets it in the unit named here. */
enum {
  BUSBAR_NUMBER = 0,         /* no unit */
  BUSBAR_FRACTION = 1,       /* written "85 %", given as 0.85 */
  BUSBAR_TIME = 2,           /* s */
  BUSBAR_POWER = 3,          /* W */
  BUSBAR_MONEY = 4,          /* USD */
  BUSBAR_PRICE_OVER_TIME = 5 /* USD/s */
};

/* An attribute that <scheduling> may carry. All texts are UTF-8 without line breaks. */
typedef struct busbar_parameter {
  const char* name;     /* letters, digits and '-', e.g. "restart-time" */
  const char* fallback; /* as a user would write it, e.g. "5 min" */
  const char* summary;  /* one line for `busbar list behaviours` */
  int32_t dimension;    /* BUSBAR_NUMBER, BUSBAR_TIME, ... */
  int32_t whole;        /* 1: whole numbers only */
  double least, most;   /* in the unit of the dimension */
} busbar_parameter;

/* A waiting job, in the order of the queue: by submission, then by id. */
typedef struct busbar_waiting {
  int32_t id;     /* index of its row in the trace's /jobs */
  int32_t tenant; /* its organisation, index in busbar_view.tenants; -1: none */
  int32_t priority;
  int32_t reserved;
  int64_t chips;
  double requested_s; /* run time as the user estimates it */
  double submit_s;
  double watts_per_chip; /* what a busy chip adds to the idle site's IT power */
} busbar_waiting;

/* A running job, in the order of expected end, then chips, then id. */
typedef struct busbar_running {
  int32_t id;
  int32_t tenant;
  int64_t chips;
  double start_s;
  double expected_end_s; /* start + requested time; its true end nobody knows */
} busbar_running;

/* The domains of one cluster in one building. */
typedef struct busbar_part {
  int32_t cluster, site; /* indices in the trace's /platform */
  int32_t island;        /* one job may span parts of one island, as far as its span allows */
  int32_t chips_per_domain;
  int64_t free_domains;      /* wholly free; negative after a removal of busy ones */
  int64_t shared_free_chips; /* free chips in partly used domains */
  double it_headroom_w;      /* what the site can take yet; infinite: no limit */
  double grid_headroom_w;    /* the same of its grid connection, in IT watts */
} busbar_part;

/* An organisation: what it may hold, holds and has used, over all pools. */
typedef struct busbar_tenant {
  double quota_chips, held_chips, used_chip_s;
} busbar_tenant;

/* State of one pool. Every waiting job would fit if the pool were empty. */
typedef struct busbar_view {
  double now_s;
  int64_t free_chips; /* that no job holds, fragmented or not */
  uint32_t waiting_count, running_count, part_count, tenant_count;
  const busbar_waiting* waiting;
  const busbar_running* running;
  const busbar_part* parts;
  const busbar_tenant* tenants;
} busbar_view;

/* A waiting job that starts. */
typedef struct busbar_start {
  int32_t id;
  int32_t part; /* index in busbar_view.parts; -1: where the scenario's placement puts it */
} busbar_start;

/* What the policy decides; it fills the arrays that it is given and counts. First the preempted
 * jobs give their chips back, then jobs start in order. A decision that is not possible (a job that
 * does not wait, starts twice or does not fit; a preempted job that does not run, or that started
 * in this very instant) ends the simulation. */
typedef struct busbar_decisions {
  busbar_start* starts;       /* room for waiting_count */
  int32_t* preempted;         /* ids; room for running_count */
  uint32_t start_count;       /* 0 at first */
  uint32_t preempted_count;   /* 0 at first */
  double preempted_restart_s; /* what they spend when they start again; 0 at first */
  const char* message;        /* why decide() returned another value than 0 */
} busbar_decisions;

/* States of the pool to play with. At each call all are the pool as it is now. */
enum { BUSBAR_NOW = 0, BUSBAR_PLAN = 1, BUSBAR_STATES = 4 };

/* What the host does for a policy: it knows domains, buildings, power and the placement. Jobs are
 * given by their index in busbar_view.waiting or .running. Nothing here decides anything. */
typedef struct busbar_host busbar_host;
struct busbar_host {
  void* context;
  /* Whether a waiting job fits in a state: 1 or 0. */
  int (*fits)(const busbar_host* host, int state, uint32_t waiting);
  /* Takes its chips there if it fits: 1 or 0. */
  int (*take)(const busbar_host* host, int state, uint32_t waiting);
  /* Gives the chips of a running job back there. */
  void (*release)(const busbar_host* host, int state, uint32_t running);
  /* Makes one state like another. */
  void (*copy)(const busbar_host* host, int to, int from);
  /* Lets the jobs that run, and those taken in this state, end as requested, in the order of
   * expected end, chips and id, until a waiting job fits. Leaves the state as it is then and
   * returns that time; infinity: it never fits. Not after release() in the same state. */
  double (*earliest)(const busbar_host* host, int state, uint32_t waiting);
};

/* A policy. The first two fields are those of BUSBAR_POLICY_HEAD. */
typedef struct busbar_policy {
  uint32_t abi;
  uint32_t sizes[7];
  const char* name; /* as <scheduling policy="..."> gives it: letters, digits and '-' */
  const char* summary;
  const busbar_parameter* parameters;
  uint32_t parameter_count;
  /* Makes the policy from its parameters, in the order above; may be null. The result is `self` of
   * the calls. */
  void* (*create)(const double* parameters);
  /* Decides for one pool. Returns 0; anything else ends the simulation with `message`. */
  int (*decide)(void* self, const busbar_view* view, const busbar_host* host,
                busbar_decisions* decisions);
} busbar_policy;

/* Version and sizes, so that a library built with another header is told from this one. */
#define BUSBAR_POLICY_HEAD                                                                        \
  BUSBAR_POLICY_ABI, {                                                                            \
    sizeof(busbar_policy), sizeof(busbar_parameter), sizeof(busbar_view), sizeof(busbar_waiting), \
        sizeof(busbar_running), sizeof(busbar_part), sizeof(busbar_decisions)                     \
  }

/* The one function of a library. What it returns lives as long as the library. */
const busbar_policy* busbar_get_policy(void);

#ifdef __cplusplus
}
#endif

#endif

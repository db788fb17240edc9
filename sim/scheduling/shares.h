/// How jobs divide the time of a fleet's pools among them.
#pragma once

#include <vector>

namespace busbar::scheduling {

/// Jobs that could run in several pools, each at its own speed, with all of its chips or not at
/// all.
struct ShareProblem {
  std::vector<std::vector<double>> speeds;  // by job and pool: work per second; 0: cannot run there
  std::vector<std::vector<double>> chips;   // by job and pool, as its vendor gives them
  std::vector<double> weights;              // by job, above 0
  std::vector<double> capacity_chips;       // by pool
};

/// The part of its time that each job is to spend in each pool.
struct Shares {
  std::vector<std::vector<double>> time;  // by job and pool; of a job at most 1
  std::vector<double> throughput;         // by job, over that of its equal share
  double least = 0.0;                     // throughput / weight of the job that has least
};

/// Each of n jobs gets an n-th of each pool's chips: the time share capacity / (n × its chips
/// there) in every pool where it can run, scaled down where those sum up to more than 1. Pure.
Shares equal_shares(const ShareProblem& problem);

/// The shares with the largest minimum of throughput / weight, and of those the ones with the
/// largest sum of it: two linear programs. Jobs that are alike get alike shares. Pure.
/// @throws base::InternalError  if the solver finds no optimum: there always is one.
Shares max_min_shares(const ShareProblem& problem);

/// A job in a round.
struct RoundJob {
  std::vector<double> chips;       // by pool
  std::vector<double> shares;      // by pool, of its time
  std::vector<double> due_s;       // by pool: the sum of its shares over time
  std::vector<double> received_s;  // by pool, on its chips
  int pool = -1;                   // where it runs, -1: nowhere
  bool stays = false;              // keeps its pool: it is on its way there, or the round goes on
};

/// Which job runs where in a round: by job its pool, -1: it pauses. Pure.
///
/// A job is behind in a pool by the time that is due to it there, that of the coming round
/// included, less the time received. Jobs are assigned to the pools so that the sum of chips × time
/// behind is as large as `assign()` finds it: two small jobs may be worth one large one, and what
/// would leave chips idle is worth less. That is done for up to 256 jobs that are behind anywhere,
/// where single jobs matter; and `ahead_s` above 0.
///
/// Then what has no place is looked at one by one. Pairs of job and pool with a share above 0 in
/// the order of priority = time due / time received there, the largest first; a pair without time
/// received comes before all that have some. Of equal ones the larger share, then the pool where
/// the job runs, then the first job, then the first pool. Each takes its chips if its job has no
/// place yet and the pool has that many left.
///
/// @param ahead_s  how long the round is; 0: chips are given out in the midst of one.
std::vector<int> next_round(const std::vector<RoundJob>& jobs, std::vector<double> capacity_chips,
                            double ahead_s);

}  // namespace busbar::scheduling

#!/usr/bin/env python3
"""How well the mean-field model of bursts stands for bursts one by one.

usage: tests/validation/bursts.py

Jobs on one link compute for a random time around their mean (1 % of jitter, so that phases drift
and all of them are met), then send a burst; whoever sends shares the link equally, smooth jobs up
to their demand. That is simulated burst by burst here, without the simulator's code, over random
mixes of jobs, and the mean step times are compared with

* the model of `sim/doc/models/engine.md`, solved here by its equations;
* coinciding bursts, as if every job always met all others (null model);
* interleaved bursts, as if none ever met another (null model).

Prints the mean absolute error of each, in percent of the step time.
"""

import random
import statistics


def share(senders, capacity):
    """Max-min shares of one link among (name, most) pairs."""
    rates, left, open_ = {}, capacity, sorted(senders, key=lambda s: s[1])
    while open_:
        equal = left / len(open_)
        name, most = open_[0]
        if most > equal:
            return rates | {name: equal for name, _ in open_}
        rates[name] = most
        left -= most
        open_.pop(0)
    return rates


def one_by_one(bursty, smooth, steps, seed):
    """Mean step times of bursty jobs (compute, bytes) beside smooth demands; capacity 1."""
    chance = random.Random(seed)
    now = 0.0
    state = [("computing", chance.random() * c) for c, _ in bursty]  # seconds or bytes left
    done = [[] for _ in bursty]
    begun = [None] * len(bursty)
    while min(len(d) for d in done) < steps:
        senders = [(i, 9e9) for i, (what, _) in enumerate(state) if what == "sending"]
        senders += [(f"smooth {k}", demand) for k, demand in enumerate(smooth)]
        rates = share(senders, 1.0)
        wait = min(
            left if what == "computing" else left / rates[i] for i, (what, left) in enumerate(state)
        )
        now += wait
        for i, (what, left) in enumerate(state):
            left -= wait * (1.0 if what == "computing" else rates[i])
            if left > 1e-12:
                state[i] = (what, left)
            elif what == "computing":
                state[i] = ("sending", bursty[i][1])
            else:
                if begun[i] is not None:
                    done[i].append(now - begun[i])
                begun[i] = now
                state[i] = ("computing", bursty[i][0] * chance.gauss(1.0, 0.01))
    return [statistics.fmean(d) for d in done]


def level(means, own):
    """Rate of a burst: z with z + sum of min(mean, z) over the others = 1."""
    others = sorted(m for i, m in enumerate(means) if i != own)
    kept = 0.0
    for i, mean in enumerate(others):
        equal = (1.0 - kept) / (len(others) - i + 1)
        if mean >= equal:
            return equal
        kept += mean
    return 1.0 - kept


def mean_field(bursty, smooth):
    means = [v / (c + v) for c, v in bursty] + list(smooth)
    for _ in range(1000):
        for i, (c, v) in enumerate(bursty):
            means[i] = v / (c + v / level(means, i))
    return [c + v / level(means, i) for i, (c, v) in enumerate(bursty)]


def coinciding(bursty, smooth):
    senders = [(i, 9e9) for i in range(len(bursty))]
    rates = share(senders + [(f"s{k}", d) for k, d in enumerate(smooth)], 1.0)
    return [c + v / rates[i] for i, (c, v) in enumerate(bursty)]


def interleaved(bursty, smooth):
    # Each sends alone; what all together ask above the capacity is shared by means.
    demands = [(i, v / (c + v)) for i, (c, v) in enumerate(bursty)]
    rates = share(demands + [(f"s{k}", d) for k, d in enumerate(smooth)], 1.0)
    return [max(c + v, v / rates[i]) for i, (c, v) in enumerate(bursty)]


MODELS = {"mean field": mean_field, "coinciding": coinciding, "interleaved": interleaved}


def main(mixes=60, steps=300):
    chance = random.Random(7)
    errors = {name: [] for name in MODELS}
    for mix in range(mixes):
        count = chance.randint(2, 8)
        duty = chance.uniform(0.05, 0.6)
        bursty = []
        for _ in range(count):
            c = chance.uniform(0.5, 2.0)
            bursty.append((c, c * duty / (1 - duty) * chance.uniform(0.5, 1.5)))
        smooth = [chance.uniform(0.05, 0.3) for _ in range(chance.randint(0, 1))]
        truth = one_by_one(bursty, smooth, steps, seed=mix)
        for name, model in MODELS.items():
            errors[name] += [p / t - 1 for p, t in zip(model(bursty, smooth), truth, strict=True)]
    jobs = len(errors["mean field"])
    print(f"{'model':12} {'mean error %':>13} {'largest %':>10} {'bias %':>7}   {jobs} jobs")
    for name, e in errors.items():
        mean, bias = 100 * statistics.fmean(map(abs, e)), 100 * statistics.fmean(e)
        print(f"{name:12} {mean:13.1f} {100 * max(map(abs, e)):10.1f} {bias:7.1f}")
    return errors


if __name__ == "__main__":
    main()

/// The copies of its state that a running job has made, and which of them it could go back to.
#pragma once

namespace busbar::engine {

/// Where a job stands. Times since it started for the last time.
struct SavePoint {
  double worked_s = 0.0;    // of work
  double useful_s = 0.0;    // the same work at full speed, with the whole batch
  double steps_left = 0.0;  // of the job
};

/// Copies of one kind: one every so many steps, each safe after some more.
class Copies {
 public:
  /// What is loaded at a start is safe.
  void begin(const SavePoint& start);
  /// The job has come to `now` by some steps of equal length; a step took `per_step`, whose
  /// `steps_left` is what it took off the work.
  /// @param every  steps between copies; 0: none are made.
  /// @param lag    steps until a copy is safe, at most `every`.
  void work_on(double steps, const SavePoint& now, const SavePoint& per_step, double every,
               double lag);
  /// Makes a copy that is safe at once.
  void save(const SavePoint& now);
  /// Loses the last steps: what is lost no copy can hold.
  void lose(double steps, const SavePoint& now);
  /// The job goes on with steps of another size: those of its work become so many times as many,
  /// and copies another number of steps apart.
  void change_steps(double ratio, double every_before, double every);
  const SavePoint& safe() const { return safe_; }

 private:
  SavePoint made_, safe_;
  double since_ = 0.0;  // steps, whoever took part, since a copy was made
};

}  // namespace busbar::engine

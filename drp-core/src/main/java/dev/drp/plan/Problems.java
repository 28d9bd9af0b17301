package dev.drp.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.yaml.snakeyaml.error.Mark;

/** Collects the problems of a plan file, up to a number that a person can still read. */
final class Problems {
  private static final int MOST = 100;

  private final List<PlanProblem> collected = new ArrayList<>();
  private int notCollected;

  void error(Place place, String found, String expected) {
    error(place, found, expected, "", "");
  }

  void error(Place place, String found, String expected, String hint, String nearest) {
    add(PlanProblem.Severity.ERROR, place, found, expected, hint, nearest);
  }

  /** Something that a plan may hold, but that is probably not meant. */
  void warning(Place place, String found, String expected, String hint) {
    add(PlanProblem.Severity.WARNING, place, found, expected, hint, "");
  }

  private void add(
      PlanProblem.Severity severity,
      Place place,
      String found,
      String expected,
      String hint,
      String nearest) {
    if (isFull()) {
      notCollected++;
      return;
    }
    collected.add(
        new PlanProblem(
            severity, place.line(), place.column(), place.path(), found, expected, hint, nearest));
  }

  /** Whether more problems will only be counted, so that it pays no more to explain them well. */
  boolean isFull() {
    return collected.size() >= MOST;
  }

  boolean noErrors() {
    return collected.stream().allMatch(it -> it.severity() == PlanProblem.Severity.WARNING)
        && notCollected == 0;
  }

  /** The problems in the order of the file. */
  List<PlanProblem> inOrder() {
    List<PlanProblem> ordered = new ArrayList<>(collected);
    ordered.sort(Comparator.comparingInt(PlanProblem::line).thenComparingInt(PlanProblem::column));
    if (notCollected > 0) {
      ordered.add(
          new PlanProblem(
              PlanProblem.Severity.ERROR,
              ordered.get(ordered.size() - 1).line(),
              1,
              "",
              "%d more problems".formatted(notCollected),
              "a plan file",
              "correct those above first.",
              ""));
    }
    return ordered;
  }

  /** A place in the file; line and column count from 1. */
  record Place(int line, int column, String path) {
    static final Place START = new Place(1, 1, "");

    static Place of(Mark mark, String path) {
      return new Place(mark.getLine() + 1, mark.getColumn() + 1, path);
    }
  }
}

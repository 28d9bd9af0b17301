package dev.drp.recovery;

import dev.drp.recovery.Step.Outcome;
import dev.drp.state.StateDirectory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the engine's tests share: a world that steps change, and a process that dies at a line. */
final class TestPlans {
  static final Instant NOW = Instant.parse("2026-11-22T10:15:00Z");

  static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  private TestPlans() {}

  /** What outlives a crash: which effects there are and how often each was brought about. */
  static final class World {
    final Map<String, Integer> effects = new TreeMap<>();
    final List<String> calls = new ArrayList<>();
    String written = "";

    synchronized void effect(String name) {
      calls.add(name);
      effects.merge(name, 1, Integer::sum);
    }

    synchronized void call(String name) {
      calls.add(name);
    }

    synchronized Outcome probe(String name) {
      return effects.containsKey(name) ? Outcome.DONE : Outcome.NOT_DONE;
    }
  }

  static Step effect(World world, String name) {
    return Step.changing(name, "brings about " + name, context -> world.effect(name))
        .probe(context -> world.probe(name));
  }

  static Executions executions(Path state) {
    return new Executions(StateDirectory.open(state, Clock.systemUTC()));
  }

  static RecoveryEngine engine(Executions executions, Clock clock) {
    return new RecoveryEngine(executions, clock, Duration.ofMillis(200));
  }

  static RecoveryEngine engine(Executions executions) {
    return engine(executions, CLOCK);
  }
}

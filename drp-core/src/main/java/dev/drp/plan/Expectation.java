package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/** A statement with the result that restored data must give. */
public record Expectation(
    @Key("what is expected, in a few words") String name,
    @Key("a statement that gives one value") String sql,
    @Key("what that value must be") ExpectedResult expect,
    @Key("how long the statement may take") Optional<Duration> within) {
  public Expectation {
    requireNonNull(expect, "expect");
    Rules.of("expectation")
        .check(!name.isBlank(), "name", Text.quote(name), "a few words")
        .check(!sql.isBlank(), "sql", Text.quote(sql), "a statement")
        .check(
            within.isEmpty() || !within.get().isZero(),
            "within",
            "no time at all",
            "more than no time")
        .enforce();
  }
}

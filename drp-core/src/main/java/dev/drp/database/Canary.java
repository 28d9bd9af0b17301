package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;

/**
 * A row that is written again and again while a server's log is streamed. What is restored holds
 * the newest one that survived, and so tells by itself how far it goes, also where nobody else
 * writes.
 *
 * @param writtenAt by the server's clock, just before it was committed
 * @param every how often it was being written then
 * @param writer who wrote it, for people
 */
public record Canary(Instant writtenAt, Duration every, String writer) {
  public Canary {
    requireNonNull(writtenAt, "writtenAt");
    requireNonNull(every, "every");
    requireNonNull(writer, "writer");
  }
}

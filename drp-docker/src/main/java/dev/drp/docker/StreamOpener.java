package dev.drp.docker;

import java.io.IOException;
import java.time.Duration;

/** Opens connections to a container engine, wherever it is. Safe for concurrent use. */
public interface StreamOpener {
  /** Opens a connection. Fails when that takes longer than {@code limit}. */
  DuplexStream open(Duration limit) throws IOException;

  /** What it connects to, for messages: {@code unix:///var/run/docker.sock}. */
  String target();
}

package dev.drp.runtime;

/**
 * What a container uses at one moment.
 *
 * @param processors how many processors it keeps busy; 0.5 is half of one
 * @param memoryBytes memory that it needs, without files that the kernel merely keeps in memory
 * @param memoryLimitBytes how much it may use; the machine's memory where it has no limit of its
 *     own
 */
public record ContainerLoad(double processors, long memoryBytes, long memoryLimitBytes) {
  /** The share of its limit, from 0 to 1. */
  public double memoryShare() {
    return memoryLimitBytes == 0 ? 0 : (double) memoryBytes / memoryLimitBytes;
  }
}

package dev.drp.docker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.runtime.ContainerLoad;
import dev.drp.runtime.EngineDiskUsage;
import dev.drp.runtime.EngineDiskUsage.Use;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/** The engine's figures, computed as Docker's own command line does. */
final class EngineFigures {
  private EngineFigures() {}

  /** From {@code /containers/ID/stats}, which holds two samples. */
  static ContainerLoad load(JsonNode stats) {
    JsonNode now = stats.path("cpu_stats");
    JsonNode before = stats.path("precpu_stats");
    double busy =
        now.at("/cpu_usage/total_usage").asDouble()
            - before.at("/cpu_usage/total_usage").asDouble();
    double all =
        now.path("system_cpu_usage").asDouble() - before.path("system_cpu_usage").asDouble();
    double processors = busy > 0 && all > 0 ? busy / all * now.path("online_cpus").asInt(1) : 0;

    JsonNode memory = stats.path("memory_stats");
    JsonNode details = memory.path("stats"); // of cgroups 1 or 2
    long reclaimable =
        details.path("total_inactive_file").asLong(details.path("inactive_file").asLong());
    return new ContainerLoad(
        processors,
        Math.max(0, memory.path("usage").asLong() - reclaimable),
        memory.path("limit").asLong());
  }

  /** From {@code /system/df}. */
  static EngineDiskUsage diskUsage(JsonNode usage) {
    // Images share layers: what is theirs alone adds up to less than all of them take.
    long layers = usage.path("LayersSize").asLong();
    long used =
        sum(
            usage.path("Images"),
            image -> image.path("Containers").asLong() > 0,
            image -> image.path("Size").asLong() - Math.max(0, image.path("SharedSize").asLong()));
    Use images = new Use(usage.path("Images").size(), layers, Math.max(0, layers - used));
    return new EngineDiskUsage(
        images,
        use(
            usage.path("Containers"),
            container -> container.path("SizeRw").asLong(),
            container -> container.path("State").asText().equals("running")),
        use(
            usage.path("Volumes"),
            volume -> Math.max(0, volume.at("/UsageData/Size").asLong()),
            volume -> volume.at("/UsageData/RefCount").asLong() != 0),
        use(
            usage.path("BuildCache"),
            part -> part.path("Shared").asBoolean() ? 0 : part.path("Size").asLong(),
            part -> part.path("InUse").asBoolean()));
  }

  private static Use use(JsonNode all, ToLongFunction<JsonNode> bytes, Predicate<JsonNode> inUse) {
    return new Use(all.size(), sum(all, each -> true, bytes), sum(all, inUse.negate(), bytes));
  }

  private static long sum(JsonNode all, Predicate<JsonNode> which, ToLongFunction<JsonNode> bytes) {
    long sum = 0;
    for (JsonNode each : all) {
      if (which.test(each)) {
        sum += bytes.applyAsLong(each);
      }
    }
    return sum;
  }
}

package dev.drp.assessment;

import dev.drp.assessment.Reading.Section;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.Quantities;
import dev.drp.plan.Storage;
import dev.drp.plan.Thresholds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Processors, memory, swap, disks and uptime of this machine. */
final class SystemReadings {
  private final ThisMachine machine;
  private final Thresholds thresholds;
  private final Asked<Reading> load;
  private final Asked<ThisMachine.Memory> memory;
  private final Asked<Duration> uptime;
  private final Map<Path, Asked<ThisMachine.Disk>> disks = new LinkedHashMap<>();
  private final Set<Path> storages = new HashSet<>();

  SystemReadings(
      ContingencyPlan plan, Environment environment, ThisMachine machine, Questions questions) {
    this.machine = machine;
    this.thresholds = plan.thresholds();
    load = questions.ask("processors", this::load);
    memory = questions.ask("memory", machine::memory);
    uptime = questions.ask("uptime", machine::uptime);
    List<Path> folders = new ArrayList<>(List.of(Path.of("/")));
    environment.compose().ifPresent(it -> folders.add(it.directory()));
    for (Storage storage : plan.storages().values()) {
      if (storage instanceof Storage.Directory directory) {
        folders.add(directory.directory());
        storages.add(directory.directory());
      }
    }
    for (Path folder : folders) {
      disks.computeIfAbsent(folder, it -> questions.ask("disk " + it, () -> disk(it)));
    }
  }

  private ThisMachine.Disk disk(Path folder) throws IOException {
    return Files.exists(folder)
        ? machine.disk(folder)
        : new ThisMachine.Disk("", -1, -1); // told apart from one that cannot be asked
  }

  List<Reading> readings() {
    List<Reading> readings = new ArrayList<>();
    readings.add(load.value().orElseGet(() -> failed("processors", load)));
    readings.add(memory.value().map(this::memory).orElseGet(() -> failed("memory", memory)));
    memory.value().ifPresent(it -> readings.add(swap(it)));
    readings.addAll(disks());
    readings.add(
        uptime
            .value()
            .map(it -> Reading.good(Section.SYSTEM, "uptime", Quantities.text(rounded(it))))
            .orElseGet(() -> failed("uptime", uptime)));
    return readings;
  }

  private static Duration rounded(Duration uptime) {
    return uptime.toDays() > 0
        ? Duration.ofDays(uptime.toDays())
        : Duration.ofMinutes(Math.max(1, uptime.toMinutes()));
  }

  private static Reading failed(String subject, Asked<?> asked) {
    Asked.Answer<?> answer = asked.answer();
    return Reading.unknown(Section.SYSTEM, subject, answer.problem(), answer.hint());
  }

  private Reading load() throws IOException {
    double load = machine.load();
    int processors = machine.processors();
    double share = load / processors;
    return Reading.judged(
        Section.SYSTEM,
        "processors",
        "load of %.2f on %d: %s".formatted(load, processors, Amount.percent(share)),
        Amount.limit(thresholds.cpu()),
        Amount.within(share, thresholds.cpu()),
        "look which program needs them: top, docker stats.");
  }

  private Reading memory(ThisMachine.Memory memory) {
    return Reading.judged(
        Section.SYSTEM,
        "memory",
        "%s of %s used: %s"
            .formatted(
                Amount.bytes(memory.total() - memory.available()),
                Amount.bytes(memory.total()),
                Amount.percent(memory.usedShare())),
        Amount.limit(thresholds.memory()),
        Amount.within(memory.usedShare(), thresholds.memory()),
        "look which program needs it: top, docker stats.");
  }

  private static Reading swap(ThisMachine.Memory memory) {
    return Reading.good(
        Section.SYSTEM,
        "swap",
        memory.swapTotal() == 0
            ? "none"
            : "%s of %s used"
                .formatted(
                    Amount.bytes(memory.swapTotal() - memory.swapFree()),
                    Amount.bytes(memory.swapTotal())));
  }

  /** Each file system once, and each folder of backups. */
  private List<Reading> disks() {
    List<Reading> readings = new ArrayList<>();
    Set<Object> known = new HashSet<>();
    for (Map.Entry<Path, Asked<ThisMachine.Disk>> entry : disks.entrySet()) {
      Path folder = entry.getKey();
      boolean storage = storages.contains(folder);
      Asked.Answer<ThisMachine.Disk> answer = entry.getValue().answer();
      String subject = (storage ? "disk of backups " : "disk of ") + folder;
      if (answer.value().isEmpty()) {
        readings.add(Reading.unknown(Section.SYSTEM, subject, answer.problem(), answer.hint()));
        continue;
      }
      ThisMachine.Disk disk = answer.value().get();
      if (disk.free() < 0) {
        readings.add(
            Reading.bad(
                Section.SYSTEM,
                subject,
                "there is no such folder",
                "mount its disk, or correct the plan."));
        continue;
      }
      boolean first = known.add(disk.id());
      if (first || storage) {
        readings.add(disk(subject, disk, storage));
      }
    }
    return readings;
  }

  private Reading disk(String subject, ThisMachine.Disk disk, boolean storage) {
    List<String> limits = new ArrayList<>();
    thresholds.disk().ifPresent(it -> limits.add("at most " + it));
    boolean within = Amount.within(disk.usedShare(), thresholds.disk());
    if (storage && thresholds.freeSpace().isPresent()) {
      long least = thresholds.freeSpace().get().bytes();
      limits.add("at least %s free".formatted(Amount.bytes(least)));
      within = within && disk.free() >= least;
    }
    return Reading.judged(
        Section.SYSTEM,
        subject,
        "%s used, %s free".formatted(Amount.percent(disk.usedShare()), Amount.bytes(disk.free())),
        String.join(", ", limits),
        within,
        storage
            ? "make room: drp backups expire, or a larger disk."
            : "make room: docker system df says what the engine could remove.");
  }
}

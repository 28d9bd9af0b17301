package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The machine that this runs on, as Linux tells of it in {@code /proc}. */
public final class ThisMachine {
  private static final String LISTENS = "0A";
  private static final int STATE = 3;
  private static final int LOCAL_ADDRESS = 1;
  private static final int INODE = 9;

  private final Path proc;

  /**
   * @param proc {@code /proc}, or a folder like it
   */
  public ThisMachine(Path proc) {
    this.proc = requireNonNull(proc, "proc");
  }

  public static ThisMachine local() {
    return new ThisMachine(Path.of("/proc"));
  }

  /** Memory in bytes. */
  record Memory(long total, long available, long swapTotal, long swapFree) {
    double usedShare() {
      return total == 0 ? 0 : (double) (total - available) / total;
    }
  }

  /**
   * Space in bytes, as {@code df} counts it.
   *
   * @param id the same for all folders of one file system
   */
  record Disk(Object id, long used, long free) {
    double usedShare() {
      return used + free == 0 ? 0 : (double) used / (used + free);
    }
  }

  int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** Programs that ran or waited to run, averaged over five minutes. */
  double load() throws IOException {
    return Double.parseDouble(words(Files.readString(proc.resolve("loadavg")))[1]);
  }

  Duration uptime() throws IOException {
    double seconds = Double.parseDouble(words(Files.readString(proc.resolve("uptime")))[0]);
    return Duration.ofSeconds((long) seconds);
  }

  Memory memory() throws IOException {
    Map<String, Long> bytes = new HashMap<>();
    for (String line : Files.readAllLines(proc.resolve("meminfo"))) {
      String[] words = words(line);
      if (words.length >= 2) {
        bytes.put(words[0], Long.parseLong(words[1]) * 1024);
      }
    }
    return new Memory(
        bytes.getOrDefault("MemTotal:", 0L),
        bytes.getOrDefault("MemAvailable:", 0L),
        bytes.getOrDefault("SwapTotal:", 0L),
        bytes.getOrDefault("SwapFree:", 0L));
  }

  Disk disk(Path folder) throws IOException {
    FileStore store = Files.getFileStore(folder);
    return new Disk(
        store,
        store.getTotalSpace() - store.getUnallocatedSpace(),
        store.getUsableSpace()); // without what is kept back for root
  }

  /**
   * The TCP ports that somebody listens on, with the program's name; an empty text where this user
   * may not see it.
   */
  Map<Integer, String> listening() throws IOException {
    Map<String, Integer> ports = new HashMap<>();
    for (String file : List.of("net/tcp", "net/tcp6")) {
      if (Files.exists(proc.resolve(file))) {
        Files.readAllLines(proc.resolve(file)).forEach(line -> collect(line, ports));
      }
    }
    Map<Integer, String> programs = new TreeMap<>();
    ports.values().forEach(port -> programs.put(port, ""));
    for (Path process : processes()) {
      for (String inode : sockets(process)) {
        Integer port = ports.get(inode);
        if (port != null) {
          programs.put(port, name(process));
        }
      }
    }
    return programs;
  }

  private static void collect(String line, Map<String, Integer> ports) {
    String[] words = words(line);
    if (words.length > INODE && words[STATE].equals(LISTENS)) {
      String address = words[LOCAL_ADDRESS];
      ports.put(
          words[INODE], Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), 16));
    }
  }

  private List<Path> processes() throws IOException {
    try (Stream<Path> files = Files.list(proc)) {
      return files.filter(it -> it.getFileName().toString().matches("\\d+")).toList();
    }
  }

  /** Inodes of sockets that a process has open; none where this user may not look. */
  private static List<String> sockets(Path process) {
    List<String> inodes = new ArrayList<>();
    try (Stream<Path> files = Files.list(process.resolve("fd"))) {
      for (Path file : files.toList()) {
        String target = Files.readSymbolicLink(file).toString();
        if (target.startsWith("socket:[")) {
          inodes.add(target.substring("socket:[".length(), target.length() - 1));
        }
      }
    } catch (IOException e) {
      return inodes; // it has ended meanwhile, or is somebody else's
    }
    return inodes;
  }

  private static String name(Path process) {
    try {
      return Files.readString(process.resolve("comm")).strip();
    } catch (IOException e) {
      return ""; // it has ended meanwhile
    }
  }

  private static String[] words(String line) {
    return line.strip().split("\\s+");
  }
}

package dev.drp.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Files of a machine, by its own {@code tar} and {@code find} (GNU): nobody else knows sparse files
 * and owners of another machine. What could not be read or changed meanwhile is found by comparing
 * two listings with the tar, not by what the programs say in some language.
 */
public final class HostFiles implements FileSource {
  private static final Duration LIMIT = Duration.ofHours(24);
  private static final Map<String, Secret> PLAIN_WORDS = Map.of("LC_ALL", new Secret("C"));

  /** An exit code of tar: some files changed while they were read. */
  private static final int TAR_CHANGED = 1;

  /** An exit code of tar: something could not be read, and it went on. */
  private static final int TAR_INCOMPLETE = 2;

  private final CommandRunner host;
  private final Path path;
  private final List<Path> without;
  private final Optional<String> account;

  /**
   * @param path absolute; neither the root folder nor with {@code ..}
   * @param without folders below it that are left out
   * @param account reads as that account; as the runner's own when empty
   */
  public HostFiles(CommandRunner host, Path path, List<Path> without, Optional<String> account) {
    this.host = requireNonNull(host, "host");
    this.path = requireNonNull(path, "path");
    this.without = without.stream().filter(it -> it.startsWith(path) && !it.equals(path)).toList();
    this.account = requireNonNull(account, "account");
    if (!path.isAbsolute() || path.getNameCount() == 0 || !path.normalize().equals(path)) {
      throw new IllegalArgumentException("no path of a file or folder: " + path);
    }
  }

  /** All of it, as the runner's own account. */
  public static HostFiles of(CommandRunner host, Path path) {
    return new HostFiles(host, path, List.of(), Optional.empty());
  }

  @Override
  public String place() {
    return "%s on %s".formatted(path, host.place());
  }

  @Override
  public FilesRead read(OutputStream tar) {
    Map<String, Listed> before = list();
    if (before.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.FILES_MISSING,
          "there is no %s on %s, or it cannot be looked at".formatted(path, host.place()),
          "correct the plan, or run this as an account that may read it.");
    }
    FileIndex index;
    CommandResult result;
    try (RunningCommand running = host.start(tarCommand())) {
      running.stdin().close();
      InputStream output = new BufferedInputStream(running.stdout(), 1 << 16);
      index = FileIndex.withoutHashes(new CopiedInput(output, tar));
      result = running.await();
    } catch (IOException e) {
      throw cannotExchange("tar", e);
    }
    if (result.exitCode() > TAR_INCOMPLETE) {
      result.requireSuccess();
    }
    Map<String, Listed> after = list();
    FilesRead read = compare(before, index, after);
    if (result.exitCode() == TAR_INCOMPLETE && read.unreadable().isEmpty()) {
      result.requireSuccess(); // it failed at something that we do not see
    }
    if (result.exitCode() == TAR_CHANGED && read.changed().isEmpty()) {
      return new FilesRead(
          read.files(),
          read.bytes(),
          read.unreadable(),
          List.of("something below " + path),
          read.leadsTo());
    }
    return read;
  }

  @Override
  public FileIndex index() {
    if (list().isEmpty()) {
      return FileIndex.empty();
    }
    try (RunningCommand running = host.start(tarCommand())) {
      running.stdin().close();
      FileIndex index = FileIndex.of(new BufferedInputStream(running.stdout(), 1 << 16));
      CommandResult result = running.await();
      if (result.exitCode() != TAR_CHANGED) {
        result.requireSuccess();
      }
      return index;
    } catch (IOException e) {
      throw cannotExchange("tar", e);
    }
  }

  private Command tarCommand() {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "tar",
                "--create",
                "--file=-",
                "--format=pax",
                "--pax-option=delete=atime,delete=ctime",
                "--sparse",
                "--sparse-version=1.0",
                "--directory=" + parent(),
                "--anchored",
                "--no-wildcards"));
    for (Path left : without) {
      arguments.add("--exclude=./" + parent().relativize(left));
    }
    arguments.add("./" + path.getFileName());
    return command(arguments);
  }

  private Path parent() {
    return requireNonNull(path.getParent());
  }

  private Command command(List<String> arguments) {
    Command command = Command.of(arguments).withEnvironment(PLAIN_WORDS).within(LIMIT);
    return account.map(command::asUser).orElse(command);
  }

  /** What find says of a file. Reading it changes nothing of that. */
  private record Listed(boolean readable, char type, String state) {}

  private Map<String, Listed> list() {
    List<String> arguments = new ArrayList<>(List.of("find", path.toString()));
    for (Path left : without) {
      arguments.addAll(List.of("-path", literally(left.toString()), "-prune", "-o"));
    }
    String format = "%y %s %T@ %C@ %i %m %p\\0";
    arguments.addAll(List.of("(", "-type", "d", "!", "(", "-readable", "-executable", ")", ")"));
    arguments.addAll(List.of("-printf", "-" + format, "-o", "-printf", "+" + format));
    byte[] output;
    try (RunningCommand running = host.start(command(arguments))) {
      running.stdin().close();
      output = running.stdout().readAllBytes();
      CommandResult result = running.await();
      if (result.exitCode() > 1) { // 1: some folders cannot be read, or vanished
        result.requireSuccess();
      }
    } catch (IOException e) {
      throw cannotExchange("find", e);
    }
    return parse(new String(output, ISO_8859_1));
  }

  private static Map<String, Listed> parse(String output) {
    Map<String, Listed> listed = new TreeMap<>();
    for (String line : output.split("\0", -1)) {
      String[] fields = line.split(" ", 7);
      if (fields.length == 7) {
        String state = line.substring(1, line.length() - fields[6].length());
        listed.put(fields[6], new Listed(line.charAt(0) == '+', line.charAt(1), state));
      }
    }
    return listed;
  }

  private static String literally(String pattern) {
    return pattern.replaceAll("([\\\\*?\\[])", "\\\\$1");
  }

  private FilesRead compare(
      Map<String, Listed> before, FileIndex index, Map<String, Listed> after) {
    String base = parent().getNameCount() == 0 ? "/" : TarEntry.bytes(parent().toString()) + "/";
    Set<String> read = new TreeSet<>();
    index.names().forEach(name -> read.add(base + name));
    List<String> unreadable = new ArrayList<>();
    List<String> changed = new ArrayList<>();
    Set<String> all = new TreeSet<>(before.keySet());
    all.addAll(after.keySet());
    for (String name : all) {
      @Nullable Listed first = before.get(name);
      @Nullable Listed last = after.get(name);
      boolean socket = first != null ? first.type == 's' : last != null && last.type == 's';
      if (socket) {
        continue; // made anew by whoever listens on it
      }
      String shown = TarEntry.display(name);
      if (first == null || last == null || !first.state.equals(last.state)) {
        changed.add(shown);
      } else if (!first.readable || !read.contains(name)) {
        unreadable.add(shown);
      }
    }
    return new FilesRead(index.files(), index.bytes(), unreadable, changed, index.leadsTo());
  }

  private RecoveryException cannotExchange(String program, IOException cause) {
    return new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "%s: %s: cannot exchange data with the program: %s"
            .formatted(host.place(), program, cause.getMessage()),
        "check that the place is still up, then run this again.",
        cause);
  }
}

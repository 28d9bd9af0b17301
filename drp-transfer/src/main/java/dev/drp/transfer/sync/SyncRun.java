package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import dev.drp.sync.SyncChange;
import dev.drp.sync.SyncProblem;
import dev.drp.sync.SyncReport;
import dev.drp.sync.SyncRequest;
import dev.drp.transfer.ssh.SshConnections;
import dev.drp.transfer.ssh.SshPreparation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One synchronisation. */
final class SyncRun implements AutoCloseable {
  /** From here on, sending only what differs is worth another program. */
  private static final long LARGE = 1L << 20;

  private static final String TAR = "tar";
  private static final List<String> ONLY_TAR = List.of(TAR);
  private static final String REMOVE =
      "LC_ALL=C; export LC_ALL; cd \"$1\" && exec xargs -0 -r rm -f --";
  private static final String REMOVE_FOLDERS =
      "LC_ALL=C; export LC_ALL; cd \"$1\" && exec xargs -0 -r rmdir --";
  private static final String SPACE = "cd \"$1\" && [ -w . ] && exec stat -f -c '%a %S %d' .";

  private final SyncRequest request;
  private final Machine source;
  private final Machine target;
  private final TargetShell targetShell;
  private final String sourceFolder;
  private final String targetFolder;
  private final boolean push;
  private final SshConnections connections;
  private final RsyncCarrier rsync;
  private final Progress progress;

  SyncRun(
      SyncRequest request, SshConnections connections, CommandRunner programs, Progress progress) {
    this.request = request;
    this.connections = connections;
    this.rsync = new RsyncCarrier(connections, programs, request);
    this.progress = progress;
    Machine here = new ThisMachine(programs);
    Machine there = new OtherMachine(connections);
    String folderHere = request.here().toString();
    String folderThere = request.there();
    push = request.direction() == SyncRequest.Direction.PUSH;
    source = push ? here : there;
    target = push ? there : here;
    sourceFolder = push ? folderHere : folderThere;
    targetFolder = push ? folderThere : folderHere;
    targetShell = new TargetShell(target, targetFolder);
  }

  SyncReport preview() {
    Trees before = list(tree -> {});
    Differences differences = Differences.between(before.source, before.target);
    return report(
        before.source,
        List.of(),
        differences.changes(before.source, before.target),
        leftOut(before.source),
        !isAllowed(before, differences));
  }

  SyncReport sync() {
    Trees before = list(this::expect);
    Differences differences = Differences.between(before.source, before.target);
    requireAllowed(before, differences);
    if (differences.toSend().isEmpty() && differences.surplus().isEmpty()) {
      return report(before.source, List.of(), List.of(), leftOut(before.source), false);
    }
    if (!before.target.exists()) {
      makeFolder();
    }
    remove(differences.inTheWay());
    List<String> carriers = send(differences.toSend(), before);
    if (differences.surplus().isEmpty() && !carriers.equals(ONLY_TAR)) {
      targetShell.beginListing(); // it goes on while the source is listed
    }
    Tree source = listSourceAgain(before.source);
    List<Entry> surplus =
        differences.surplus().stream().filter(it -> !isCopied(source, it.name())).toList();
    remove(surplus);
    Tree after = settled(differences, source, !surplus.isEmpty(), carriers);
    return report(
        source,
        carriers,
        differences.changes(before.source, before.target),
        problems(before.source, source, differences, after),
        false);
  }

  private record Trees(Tree source, Tree target) {}

  /** Large files that are here already may differ, or go there. */
  private void expect(Tree here) {
    if (here.rsync() && here.all().stream().anyMatch(SyncRun::isLarge)) {
      rsync.prepare();
    }
  }

  /**
   * Both at the same time: one of them also waits for the connection.
   *
   * @param here gets the one of this machine as soon as it is known
   */
  private Trees list(Consumer<Tree> here) {
    FutureTask<Tree> one =
        new FutureTask<>(
            () -> {
              Tree tree = list(source, Tree.LIST_SOURCE, sourceFolder);
              if (push) {
                here.accept(tree);
              }
              return tree;
            });
    Thread thread = new Thread(one, "listing " + sourceFolder);
    thread.setDaemon(true);
    thread.start();
    try {
      Tree other = targetShell.list();
      if (!push) {
        here.accept(other);
      }
      return new Trees(one.get(), other);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RecoveryException failure) {
        throw failure;
      }
      throw new IllegalStateException("cannot list " + sourceFolder, e);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("listing " + source.place(sourceFolder), e);
    } finally {
      one.cancel(true);
    }
  }

  /** Deletes nothing for the sake of a source that went away meanwhile. */
  private Tree listSourceAgain(Tree before) {
    Tree now = list(source, Tree.LIST_SOURCE, sourceFolder);
    if (!now.identity().equals(before.identity())) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s became another folder meanwhile".formatted(source.place(sourceFolder)),
          "nothing was deleted. Check what is mounted there, then run this again.");
    }
    return now;
  }

  private static Tree list(Machine machine, String script, String folder) {
    try (RunningCommand command = machine.start(script, folder)) {
      return read(command, machine.place(folder));
    }
  }

  private static Tree read(RunningCommand command, String place) {
    try {
      command.stdin().close();
      Tree tree = Tree.read(command.stdout(), place);
      CommandResult result = command.await();
      if (!result.succeeded()) {
        throw Tree.failure(place, result.exitCode(), result.errorOutput());
      }
      return tree;
    } catch (IOException e) {
      requireUninterrupted(e);
      command.await(); // which says so if the connection broke
      throw broken("listing " + place, e);
    }
  }

  private boolean isAllowed(Trees before, Differences differences) {
    return request
        .deletions()
        .allows(
            differences.deletions(before.source),
            before.target.entries().size(),
            before.source.isEmpty());
  }

  private void requireAllowed(Trees before, Differences differences) {
    if (isAllowed(before, differences)) {
      return;
    }
    throw new RecoveryException(
        ErrorCode.REFUSED,
        "%s %s: %d of %d entries of %s would be deleted"
            .formatted(
                source.place(sourceFolder),
                before.source.isEmpty() ? "is empty" : "lacks much",
                differences.deletions(before.source),
                before.target.entries().size(),
                target.place(targetFolder)),
        "nothing was touched. Check that the source is mounted and is the right folder; if all of"
            + " that may go, confirm it.");
  }

  /**
   * Small ones as one tar, large ones by rsync where there is one. Both also take the folders that
   * they write into, and give them their times and modes at the end.
   */
  private List<String> send(SortedMap<String, Entry> toSend, Trees before) {
    boolean byRsync =
        before.source.rsync()
            && before.target.rsync()
            && toSend.values().stream().anyMatch(SyncRun::isLarge);
    SortedMap<String, Entry> large = new TreeMap<>();
    SortedMap<String, Entry> rest = new TreeMap<>();
    toSend.forEach((name, entry) -> (byRsync && isLarge(entry) ? large : rest).put(name, entry));
    if (rest.values().stream().allMatch(Entry::isFolder) && !large.isEmpty()) {
      large.putAll(rest);
      rest.clear();
    }
    if (bytes(toSend.values()) >= LARGE) {
      SshPreparation.expectMuch();
    }
    List<String> carriers = new ArrayList<>();
    if (!rest.isEmpty()) {
      try (Progress.Task task =
          progress.start("files to " + target.place(targetFolder), bytes(rest.values()))) {
        tar(withFolders(rest, before.source), task);
      }
      carriers.add(TAR);
    }
    if (!large.isEmpty()) {
      progress.message(
          "%d large files to %s by rsync"
              .formatted(
                  large.values().stream().filter(Entry::isFile).count(),
                  target.place(targetFolder)));
      rsync
          .send(withFolders(large, before.source))
          .ifPresent(failed -> requireWritten(failed, large.values()));
      carriers.add("rsync");
    }
    return carriers;
  }

  private static SortedMap<String, Entry> withFolders(
      SortedMap<String, Entry> entries, Tree source) {
    SortedMap<String, Entry> all = new TreeMap<>(entries);
    for (Entry entry : entries.values()) {
      Entry folder = source.get(entry.parent());
      if (folder != null) {
        all.put(folder.name(), folder);
      }
    }
    return all;
  }

  private static boolean isLarge(Entry entry) {
    return entry.isFile() && entry.size() >= LARGE;
  }

  private static long bytes(Collection<Entry> entries) {
    return entries.stream().filter(Entry::isFile).mapToLong(Entry::size).sum();
  }

  private void tar(SortedMap<String, Entry> entries, Progress.Task task) {
    try (RunningCommand reader = source.start(TarCarrier.READ, sourceFolder)) {
      targetShell
          .write(reader, entries, request.bytesPerSecond(), task)
          .ifPresent(failed -> requireWritten(failed, entries.values()));
    }
  }

  private void makeFolder() {
    targetShell
        .make()
        .ifPresent(
            failed -> {
              throw new RecoveryException(
                  ErrorCode.ACCESS_DENIED,
                  "%s cannot be made: %s"
                      .formatted(target.place(targetFolder), failed.errorOutput().strip()),
                  "make the folder above it, and let the account write there.");
            });
  }

  /** Folders after what is in them; what could not be removed shows when both are compared. */
  private void remove(List<Entry> entries) {
    for (boolean folders : new boolean[] {false, true}) {
      List<String> names =
          entries.stream().filter(it -> it.isFolder() == folders).map(Entry::name).toList();
      if (!names.isEmpty()) {
        run(target, folders ? REMOVE_FOLDERS : REMOVE, targetFolder, names);
      }
    }
  }

  /**
   * What is in the target at the end. Folders get their times and modes when nothing in them
   * changes any more: those that lost them since they were written, by a deletion above all.
   */
  private Tree settled(
      Differences differences, Tree source, boolean deleted, List<String> carriers) {
    Tree listed = null;
    if (!deleted) {
      boolean begun = differences.surplus().isEmpty() || carriers.equals(ONLY_TAR);
      listed = begun ? targetShell.listing() : targetShell.list();
    }
    SortedMap<String, Entry> unsettled = new TreeMap<>();
    for (String name : touched(differences)) {
      Entry folder = source.get(name);
      Entry there = listed == null ? null : listed.get(name);
      boolean settled =
          listed != null && there != null && folder != null && folder.isLike(there, listed.root());
      if (folder != null && folder.isFolder() && !settled) {
        unsettled.put(name, folder);
      }
    }
    if (!unsettled.isEmpty()) {
      tar(unsettled, bytes -> {});
      return targetShell.listing();
    }
    return listed != null ? listed : targetShell.list();
  }

  /** Folders in which something was written or deleted, and what was written. */
  private static Set<String> touched(Differences differences) {
    Set<String> touched = new HashSet<>();
    for (Entry sent : differences.toSend().values()) {
      touched.add(sent.name());
      touched.add(sent.parent());
    }
    differences.surplus().forEach(it -> touched.add(it.parent()));
    differences.inTheWay().forEach(it -> touched.add(it.parent()));
    return touched;
  }

  /**
   * What is not in the target as it is in the source, and why.
   *
   * @param now the source after everything was sent
   */
  private static List<SyncProblem> problems(
      Tree before, Tree now, Differences differences, Tree after) {
    List<SyncProblem> problems = new ArrayList<>(leftOut(now));
    for (Entry entry : before.all()) {
      if (entry.isCopied()) {
        problem(entry, now.get(entry.name()), after)
            .ifPresent(kind -> problems.add(new SyncProblem(kind, Entry.text(entry.name()))));
      }
    }
    for (Entry entry : differences.surplus()) {
      if (after.get(entry.name()) != null && !isCopied(now, entry.name())) {
        problems.add(new SyncProblem(SyncProblem.Kind.NOT_DELETED, Entry.text(entry.name())));
      }
    }
    problems.sort(Comparator.comparing(SyncProblem::name));
    return problems;
  }

  private static Optional<SyncProblem.Kind> problem(Entry entry, @Nullable Entry now, Tree after) {
    if (now == null) {
      return Optional.of(SyncProblem.Kind.VANISHED);
    }
    Entry there = after.get(entry.name());
    boolean arrived = there != null && now.isLike(there, after.root());
    boolean stable = now.isLike(entry, true);
    return arrived && (stable || now.isFolder())
        ? Optional.empty()
        : Optional.of(stable ? SyncProblem.Kind.NOT_COPIED : SyncProblem.Kind.CHANGED_MEANWHILE);
  }

  private static List<SyncProblem> leftOut(Tree source) {
    return source.all().stream()
        .filter(it -> !it.isCopied())
        .map(it -> new SyncProblem(SyncProblem.Kind.LEFT_OUT, Entry.text(it.name())))
        .toList();
  }

  private static boolean isCopied(Tree tree, String name) {
    Entry entry = tree.get(name);
    return entry != null && entry.isCopied();
  }

  private SyncReport report(
      Tree source,
      List<String> carriers,
      List<SyncChange> changes,
      List<SyncProblem> problems,
      boolean needsConfirmation) {
    return new SyncReport(
        new OtherMachine(connections).place(request.there()),
        source.all().stream().filter(Entry::isCopied).count(),
        source.all().stream().filter(Entry::isFile).mapToLong(Entry::size).sum(),
        carriers,
        changes,
        problems,
        needsConfirmation);
  }

  /**
   * Says why the target did not take it.
   *
   * @param failed how the program there ended
   */
  private void requireWritten(CommandResult failed, Collection<Entry> entries) {
    String place = target.place(targetFolder);
    try (RunningCommand command = target.start(SPACE, targetFolder)) {
      command.stdin().close();
      String output = new String(command.stdout().readAllBytes(), ISO_8859_1);
      if (!command.await().succeeded()) {
        throw new RecoveryException(
            ErrorCode.ACCESS_DENIED,
            "%s cannot be written: %s".formatted(place, failed.errorOutput().strip()),
            "let the account write there.");
      }
      String[] free = output.strip().split(" ", -1);
      long bytes = Long.parseLong(free[0]) * Long.parseLong(free[1]);
      if (bytes < Math.min(bytes(entries), LARGE) || free[2].equals("0")) {
        throw new RecoveryException(
            ErrorCode.OUT_OF_SPACE,
            "%s is full: %d bytes and %s files are left".formatted(place, bytes, free[2]),
            "make room there, then run this again: what has arrived is not sent again.");
      }
    } catch (IOException e) {
      throw broken("asking what is free in " + place, e);
    }
    throw new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "%s: not all could be written: %s".formatted(place, failed.errorOutput().strip()),
        "mend what the program said, then run this again: what has arrived is not sent again.");
  }

  private static CommandResult run(
      Machine machine, String script, String folder, List<String> names) {
    try (RunningCommand command = machine.start(script, folder)) {
      command.stdin().write(list(names));
      command.stdin().close();
      command.stdout().readAllBytes();
      return command.await();
    } catch (IOException e) {
      throw broken("working in " + machine.place(folder), e);
    }
  }

  /** As programs read names that may hold anything. */
  static byte[] list(Collection<String> names) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String name : names) {
      bytes.writeBytes(Entry.argument(name).getBytes(ISO_8859_1));
      bytes.write(0);
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    rsync.close();
    targetShell.close();
  }

  /** Throws INTERRUPTED when that is why a stream failed. */
  static void requireUninterrupted(@Nullable IOException failure) {
    if (failure instanceof InterruptedIOException || Thread.currentThread().isInterrupted()) {
      Thread.currentThread().interrupt();
      throw new RecoveryException(
          ErrorCode.INTERRUPTED,
          "interrupted while files were synchronised",
          "run this again: what has arrived is not sent again.",
          failure);
    }
  }

  static RecoveryException broken(String doing, IOException e) {
    requireUninterrupted(e);
    return new RecoveryException(
        ErrorCode.HOST_UNAVAILABLE,
        "the connection broke while %s: %s".formatted(doing, e.getMessage()),
        "run this again: what has arrived is not sent again.",
        e);
  }
}

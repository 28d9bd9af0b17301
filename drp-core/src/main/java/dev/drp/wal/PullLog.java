package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BaseContent;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.Decoding;
import dev.drp.backup.Decryption;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.backup.SetLayout;
import dev.drp.backup.StoredObject;
import dev.drp.database.Lsn;
import dev.drp.plan.BackupKind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Fetches the log that continues the physical backups of our storage from one that somebody else
 * writes. Only reads there. Nothing that is here is replaced or removed: whoever owns the other
 * side can at most add to it. Safe for concurrent use.
 */
public final class PullLog {
  /** More than a segment takes, whatever it is coded with. */
  private static final int MOST_BYTES = 2 * WalSegment.BYTES;

  private final String application;
  private final NamedStorage from;
  private final NamedStorage to;
  private final Decoding decoding;
  private final Progress progress;

  public PullLog(
      String application,
      NamedStorage from,
      NamedStorage to,
      Decoding decoding,
      Progress progress) {
    this.application = requireNonNull(application, "application");
    this.from = requireNonNull(from, "from");
    this.to = requireNonNull(to, "to");
    this.decoding = requireNonNull(decoding, "decoding");
    this.progress = requireNonNull(progress, "progress");
  }

  /**
   * What was fetched.
   *
   * @param objects how many files
   * @param bytes how much they have, as stored
   * @param reach where the log ends in our storage that goes on without a hole from its newest good
   *     physical backup; empty where it has none
   * @param newestCommit until when everything could be recovered with it; empty where no newer
   *     commit is there, or where it cannot be decrypted
   * @param failure why something is missing; the first reason if there were several
   */
  public record Pulled(
      int objects,
      long bytes,
      Optional<Lsn> reach,
      Optional<Instant> newestCommit,
      Optional<RecoveryException> failure) {
    public Pulled {
      requireNonNull(reach, "reach");
      requireNonNull(newestCommit, "newestCommit");
      requireNonNull(failure, "failure");
    }
  }

  /**
   * Fetches what is new. Each file is looked into before it is kept, and read back: of what is
   * encrypted, without an identity, only that it arrived as it is there. One that is damaged is in
   * the result and takes nothing from the others.
   *
   * @throws RecoveryException what either storage says
   */
  public Pulled pull(String environment) {
    List<CatalogEntry> bases =
        new BackupCatalog(application, List.of(to))
            .list(environment)
            .ofKind(BackupKind.PHYSICAL)
            .backups();
    Run run = new Run();
    for (String system : SetLayout.systems(from, application, environment)) {
      List<BaseContent> ofSystem =
          bases.stream()
              .filter(it -> it.manifest().server().systemIdentifier().equals(system))
              .map(it -> it.manifest().requireBase())
              .toList();
      if (!ofSystem.isEmpty()) {
        run.pull(layout(environment, system), ofSystem);
      }
    }
    Optional<CatalogEntry> newest =
        bases.stream()
            .filter(CatalogEntry::isGood)
            .max(Comparator.comparing(CatalogEntry::recoveryPoint));
    Optional<WalCoverage.Reach> reach = newest.map(it -> reach(environment, it.manifest()));
    return new Pulled(
        run.objects,
        run.bytes,
        reach.map(WalCoverage.Reach::to),
        reach.flatMap(it -> newestCommit(environment, newest.orElseThrow().manifest(), it)),
        Optional.ofNullable(run.failure));
  }

  private WalLayout layout(String environment, String system) {
    return WalLayout.of(application, environment, system, decoding.compression().suffix());
  }

  private WalArchive archive(String environment, BackupManifest base) {
    return new WalArchive(to, layout(environment, base.server().systemIdentifier()), decoding);
  }

  private WalCoverage.Reach reach(String environment, BackupManifest base) {
    BaseContent content = base.requireBase();
    return archive(environment, base).coverage().reach(content.end(), content.timeline());
  }

  private Optional<Instant> newestCommit(
      String environment, BackupManifest base, WalCoverage.Reach reach) {
    WalArchive archive = archive(environment, base);
    try {
      return archive.newestCommit(archive.coverage(), reach, base.requireBase().end());
    } catch (RecoveryException e) {
      switch (e.code()) {
        case IDENTITY_MISSING, IDENTITY_REFUSED, OBJECT_NOT_FOUND -> {
          return Optional.empty();
        }
        default -> throw e;
      }
    }
  }

  /** One run, by one thread. */
  private final class Run {
    private int objects;
    private long bytes;
    private @Nullable RecoveryException failure;

    void pull(WalLayout layout, List<BaseContent> bases) {
      fetchAll(
          layout.folder(),
          object -> WalLayout.timelineOfHistory(object.name().lastSegment()).isPresent());
      for (String name : from.objects().names(layout.folder())) {
        if (WalLayout.timelineOf(name).isPresent()) {
          fetchTimeline(layout, layout.folder().child(name), bases);
        }
      }
      fetchAll(layout.events(), object -> true);
    }

    private void fetchTimeline(WalLayout layout, ObjectName folder, List<BaseContent> bases) {
      Set<WalSegment> complete =
          from.objects().list(folder).stream()
              .flatMap(it -> WalSegment.parse(layout.plain(it.name().lastSegment())).stream())
              .collect(Collectors.toSet());
      fetchAll(
          folder,
          object -> {
            String name = object.name().lastSegment();
            return WalLayout.segmentOf(name)
                .filter(it -> bases.stream().anyMatch(base -> ExpireLog.leadsThrough(base, it)))
                .filter(
                    it -> !complete.contains(it) || Increment.parse(layout.plain(name)).isEmpty())
                .isPresent();
          });
    }

    private void fetchAll(ObjectName folder, Predicate<StoredObject> wanted) {
      Set<ObjectName> here = new HashSet<>();
      to.objects().list(folder).forEach(it -> here.add(it.name()));
      List<StoredObject> lacking = new ArrayList<>();
      for (StoredObject object : from.objects().list(folder)) {
        if (!here.contains(object.name()) && wanted.test(object)) {
          lacking.add(object);
        }
      }
      long total = lacking.stream().mapToLong(StoredObject::bytes).sum();
      try (Progress.Task task = progress.start("log to " + to.name(), total)) {
        for (StoredObject object : lacking) {
          fetch(object);
          task.advance(object.bytes());
        }
      }
    }

    private void fetch(StoredObject object) {
      try {
        byte[] content = read(from, object.name());
        check(object, content);
        to.objects().put(object.name(), output -> output.write(content));
        if (!Arrays.equals(content, read(to, object.name()))) {
          throw damaged(object, to, "it is given back other than it was written");
        }
        objects++;
        bytes += content.length;
      } catch (RecoveryException e) {
        switch (e.code()) {
          case OBJECT_NOT_FOUND -> {
            // an increment that has been replaced, or expired, since it was listed
          }
          case BACKUP_CORRUPT, IDENTITY_REFUSED -> failure = failure == null ? e : failure;
          default -> throw e;
        }
      }
    }
  }

  private static byte[] read(NamedStorage storage, ObjectName name) {
    try (InputStream content = storage.objects().open(name)) {
      return content.readNBytes(MOST_BYTES);
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE,
          "cannot read %s from storage %s: %s".formatted(name, storage, e.getMessage()),
          "check the storage, then pull again; what was fetched is kept.",
          e);
    }
  }

  /** As far as it can be told here: a compressed file has a checksum, an encrypted one needs us. */
  private void check(StoredObject object, byte[] content) {
    String name = object.name().lastSegment();
    if (content.length != object.bytes()) {
      throw damaged(
          object,
          from,
          "it has %d bytes where %d were listed".formatted(content.length, object.bytes()));
    }
    if (!name.contains(decoding.compression().suffix())) {
      return; // a history, an event, a hash
    }
    Optional<Decryption> encrypted =
        decoding.decryptions().stream().filter(it -> name.endsWith(it.suffix())).findFirst();
    if (encrypted.filter(it -> !it.hasIdentity()).isPresent()) {
      return;
    }
    try (InputStream stored = new ByteArrayInputStream(content);
        InputStream plain =
            decoding
                .compression()
                .decompress(
                    encrypted.isPresent() ? encrypted.get().decrypt(name, stored) : stored)) {
      plain.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw damaged(object, from, String.valueOf(e.getMessage()));
    }
  }

  private static RecoveryException damaged(StoredObject object, NamedStorage where, String what) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "%s in storage %s is damaged: %s".formatted(object.name(), where, what),
        "a physical backup that is taken now needs no log from before it; check that storage.");
  }
}

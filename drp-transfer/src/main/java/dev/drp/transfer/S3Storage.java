package dev.drp.transfer;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.ObjectName;
import dev.drp.backup.StoredObject;
import dev.drp.transfer.S3Upload.Present;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.Part;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A storage in a bucket of an S3 service. An object is published by a conditional request, so that
 * nothing is ever replaced; before, it is looked whether it is there, as some services ignore the
 * condition. Large objects are sent in parts, with a checksum each, and take some 40 MiB of memory.
 */
public final class S3Storage implements BackupStorage, AutoCloseable {
  /** No upload takes longer; nobody can tell whether the writer of an older one still lives. */
  static final Duration LONGEST_UPLOAD = Duration.ofDays(7);

  private final S3Bucket bucket;
  private final Clock clock;
  private final S3Upload.Sizes sizes;
  private final Supplier<S3Client> connecting;
  private @Nullable S3Client client;

  public S3Storage(S3Bucket bucket, Clock clock) {
    this(bucket, clock, S3Upload.Sizes.USUAL);
  }

  S3Storage(S3Bucket bucket, Clock clock, S3Upload.Sizes sizes) {
    this(bucket, clock, sizes, bucket::connect);
  }

  /**
   * @param connecting asked when the service is needed first
   */
  S3Storage(S3Bucket bucket, Clock clock, S3Upload.Sizes sizes, Supplier<S3Client> connecting) {
    this.bucket = requireNonNull(bucket, "bucket");
    this.clock = requireNonNull(clock, "clock");
    this.sizes = sizes;
    this.connecting = connecting;
  }

  private synchronized S3Client client() {
    S3Client known = client;
    if (known == null) {
      known = connecting.get();
      client = known;
    }
    return known;
  }

  @Override
  public StoredObject put(ObjectName name, Content content) {
    String key = key(name);
    return asking(
        "write " + name,
        () -> {
          S3Client s3 = client();
          Optional<Present> present = S3Upload.find(s3, bucket, key);
          try (S3Upload upload = new S3Upload(s3, bucket, key, sizes, clock)) {
            long bytes = upload.write(content, present);
            return new StoredObject(name, bytes);
          } catch (S3Upload.OtherContent e) {
            throw new RecoveryException(
                ErrorCode.OBJECT_EXISTS,
                "%s is in %s already, with other content".formatted(name, bucket),
                "look at what is there; objects are never replaced.",
                e);
          } catch (IOException e) {
            throw failed("write " + name, e);
          }
        });
  }

  @Override
  public List<StoredObject> list(ObjectName folder) {
    return asking(
        "list " + folder,
        () -> {
          List<StoredObject> objects = new ArrayList<>();
          client()
              .listObjectsV2Paginator(
                  it -> it.bucket(bucket.name()).prefix(bucket.key(folder.value()) + "/"))
              .contents()
              .forEach(object -> named(object).ifPresent(objects::add));
          objects.sort(Comparator.comparing(StoredObject::name));
          return objects;
        });
  }

  @Override
  public List<String> names(ObjectName folder) {
    String prefix = bucket.key(folder.value()) + "/";
    return asking(
        "list " + folder,
        () -> {
          TreeSet<String> names = new TreeSet<>();
          for (ListObjectsV2Response page :
              client()
                  .listObjectsV2Paginator(
                      it -> it.bucket(bucket.name()).prefix(prefix).delimiter("/"))) {
            for (S3Object object : page.contents()) {
              names.add(object.key().substring(prefix.length()));
            }
            for (CommonPrefix below : page.commonPrefixes()) {
              names.add(below.prefix().substring(prefix.length(), below.prefix().length() - 1));
            }
          }
          names.remove(""); // what some tools make for a folder
          return List.copyOf(names);
        });
  }

  @Override
  public InputStream openAt(ObjectName name, long offset) {
    return asking(
        "open " + name, () -> S3Download.open(client(), bucket.name(), key(name), offset));
  }

  @Override
  public void delete(ObjectName name) {
    asking(
        "delete " + name,
        () -> client().deleteObject(it -> it.bucket(bucket.name()).key(key(name))));
  }

  @Override
  public long removeAbandoned(ObjectName folder) {
    String prefix = bucket.key(folder.value()) + "/";
    Instant before = clock.instant().minus(LONGEST_UPLOAD);
    return asking(
        "clean up " + folder,
        () -> {
          long freed = 0;
          for (MultipartUpload upload :
              client()
                  .listMultipartUploadsPaginator(it -> it.bucket(bucket.name()).prefix(prefix))
                  .uploads()) {
            if (upload.key().startsWith(prefix)
                && upload.initiated() != null
                && upload.initiated().isBefore(before)) {
              freed += remove(upload);
            }
          }
          return freed;
        });
  }

  private long remove(MultipartUpload upload) {
    long bytes =
        client()
            .listPartsPaginator(
                it -> it.bucket(bucket.name()).key(upload.key()).uploadId(upload.uploadId()))
            .parts()
            .stream()
            .mapToLong(Part::size)
            .sum();
    client()
        .abortMultipartUpload(
            it -> it.bucket(bucket.name()).key(upload.key()).uploadId(upload.uploadId()));
    return bytes;
  }

  /** A bucket has no end that it would tell. */
  @Override
  public OptionalLong freeBytes() {
    return OptionalLong.empty();
  }

  @Override
  public String place() {
    return bucket.toString();
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
      client = null;
    }
  }

  private String key(ObjectName name) {
    return bucket.key(name.value());
  }

  private Optional<StoredObject> named(S3Object object) {
    String name = object.key().substring(bucket.key("").length());
    try {
      return Optional.of(new StoredObject(new ObjectName(name), object.size()));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // somebody else's
    }
  }

  private <T> T asking(String doing, Supplier<T> request) {
    try {
      return request.get();
    } catch (SdkException e) {
      throw failed(doing, e);
    }
  }

  /** By what the service calls it, and else by the status of its answer. */
  private RecoveryException failed(String doing, Exception e) {
    if (Thread.currentThread().isInterrupted()) {
      return new RecoveryException(
          ErrorCode.INTERRUPTED,
          "interrupted while about to %s in %s".formatted(doing, bucket),
          "nothing half-written counts; run this again.",
          e);
    }
    String problem = "cannot %s in %s: %s".formatted(doing, bucket, S3Upload.messageOf(e));
    if (!(e instanceof S3Exception refused)) {
      return new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE,
          problem,
          "check the endpoint, and the network between.",
          e);
    }
    String code = S3Upload.codeOf(refused);
    return switch (code) {
      case "NoSuchKey" ->
          new RecoveryException(
              ErrorCode.OBJECT_NOT_FOUND,
              problem,
              "look at what is there; somebody may have removed it.",
              e);
      case "NoSuchBucket" ->
          new RecoveryException(
              ErrorCode.ACCESS_DENIED, problem, "create the bucket, or correct its name.", e);
      case "RequestTimeTooSkewed" ->
          new RecoveryException(
              ErrorCode.ACCESS_DENIED, problem, "set the clock of this machine right.", e);
      case "InvalidAccessKeyId",
          "SignatureDoesNotMatch",
          "ExpiredToken",
          "InvalidToken",
          "AuthorizationHeaderMalformed" ->
          new RecoveryException(
              ErrorCode.ACCESS_DENIED,
              problem,
              "check access-key, secret-key and region of this storage in the plan.",
              e);
      case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "EntityTooLarge" ->
          new RecoveryException(
              ErrorCode.OUT_OF_SPACE,
              problem,
              "expire backups, or give the storage more space.",
              e);
      default -> failed(problem, refused);
    };
  }

  private static RecoveryException failed(String problem, S3Exception e) {
    return switch (e.statusCode()) {
      case 401, 403 ->
          new RecoveryException(
              ErrorCode.ACCESS_DENIED,
              problem,
              "let this key list the bucket, and read, write and delete objects in it.",
              e);
      case 404 ->
          new RecoveryException(
              ErrorCode.OBJECT_NOT_FOUND,
              problem,
              "look at what is there; somebody may have removed it.",
              e);
      case 507 ->
          new RecoveryException(
              ErrorCode.OUT_OF_SPACE,
              problem,
              "expire backups, or give the storage more space.",
              e);
      default ->
          new RecoveryException(
              ErrorCode.STORAGE_UNAVAILABLE, problem, "run this again a little later.", e);
    };
  }
}

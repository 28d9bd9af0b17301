package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.BackupStorageContract;
import dev.drp.backup.ObjectName;
import dev.drp.backup.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** On a real server of the protocol. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class S3StorageTest extends BackupStorageContract {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  /** The smallest that S3 allows. */
  static final int PART = 5 << 20;

  private Path folder;
  private S3Server server;
  private S3Bucket bucket;

  /**
   * @param folder for what it stores
   */
  S3Server newServer(Path folder) {
    return S3Server.start(folder);
  }

  S3Server server() {
    return server;
  }

  @BeforeAll
  void startServer(@TempDir Path folder) {
    this.folder = folder;
    server = newServer(folder);
    bucket = server.bucket("unused");
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @Override
  protected BackupStorage newStorage() {
    bucket = server.bucket("test-" + NUMBER.incrementAndGet());
    return storage();
  }

  private S3Storage storage() {
    return storage(bucket);
  }

  static S3Storage storage(S3Bucket bucket) {
    return new S3Storage(bucket, Clock.systemUTC(), new S3Upload.Sizes(PART));
  }

  @Test
  void givesBackWhatWasSentInParts() throws IOException {
    byte[] content = random(3 * PART + 12345);

    StoredObject stored = storage().put(NAME, output -> output.write(content));

    assertThat(stored.bytes()).isEqualTo(content.length);
    assertThat(storage().list(FOLDER)).containsExactly(stored);
    try (InputStream input = storage().open(NAME)) {
      assertThat(input.readAllBytes()).isEqualTo(content);
    }
    try (InputStream input = storage().openAt(NAME, 2 * PART + 7)) {
      assertThat(input.readNBytes(100))
          .isEqualTo(Arrays.copyOfRange(content, 2 * PART + 7, 2 * PART + 107));
    }
  }

  @Test
  void comparesWhatIsLargerThanAPart() {
    byte[] content = random(2 * PART);
    storage().put(NAME, output -> output.write(content));

    storage().put(NAME, output -> output.write(content));
    content[content.length - 1] ^= 1;

    assertFails(
        ErrorCode.OBJECT_EXISTS, () -> storage().put(NAME, output -> output.write(content)));
  }

  /** Both looked before they sent: the condition of the last request decides. */
  @Test
  void aWriterThatComesTooLateIsRefusedByTheServer() throws IOException {
    for (int size : new int[] {10, PART + 1}) {
      ObjectName name = FOLDER.child("late" + size);
      byte[] first = random(size);
      byte[] late = random(size);
      late[0] = (byte) (first[0] + 1);

      assertFails(
          ErrorCode.OBJECT_EXISTS,
          () ->
              storage()
                  .put(
                      name,
                      output -> {
                        output.write(late);
                        storage().put(name, other -> other.write(first));
                      }));
      storage()
          .put(
              name,
              output -> { // the same content is no conflict, nor is it in a race
                output.write(first);
                storage().put(name, other -> other.write(first));
              });

      try (InputStream input = storage().open(name)) {
        assertThat(input.readAllBytes()).isEqualTo(first);
      }
    }
    assertThat(uploads()).isZero();
  }

  @Test
  void sendsSignedContentWhereItLeavesThisMachineUnencrypted() throws IOException {
    // Leads to this machine as well, and does not look like it.
    URI endpoint = URI.create("http://0.0.0.0:" + server.endpoint().getPort());
    S3Storage storage = storage(at(endpoint, S3Server.BUCKET, server.keys()));
    for (int size : new int[] {10, PART + 1}) {
      ObjectName name = FOLDER.child("signed" + size);
      byte[] content = random(size);

      storage.put(name, output -> output.write(content));

      try (InputStream input = storage.open(name)) {
        assertThat(input.readAllBytes()).isEqualTo(content);
      }
    }
  }

  /** A storage reads back what the server does not answer with the checksum of. */
  @Test
  void theServerTellsNoChecksumThatItHasNotCompared() {
    String told = "";
    try (S3Client client = bucket.connect()) {
      told =
          client
              .putObject(
                  it -> it.bucket(S3Server.BUCKET).key("wrong").checksumCRC32C("AAAAAA=="),
                  RequestBody.fromString("content"))
              .checksumCRC32C();
    } catch (S3Exception e) {
      assertThat(e.statusCode()).isEqualTo(400);
    }
    assertThat(told).isNullOrEmpty();
  }

  @Test
  void leavesNoPartsBehindOfAContentThatFails() {
    assertFails(
        ErrorCode.COMMAND_FAILED,
        () ->
            storage()
                .put(
                    NAME,
                    output -> {
                      output.write(random(2 * PART));
                      throw new RecoveryException(ErrorCode.COMMAND_FAILED, "died", "look.");
                    }));

    assertThat(uploads()).isZero();
  }

  @Test
  void removesThePartsOfAnUploadThatIsTooOldToGoOn() {
    try (S3Client client = bucket.connect()) {
      client.createMultipartUpload(it -> it.bucket(S3Server.BUCKET).key(bucket.key(NAME.value())));
    }
    assertThat(uploads()).isEqualTo(1);

    storage().removeAbandoned(FOLDER);
    assertThat(uploads()).isEqualTo(1);

    Clock later = Clock.offset(Clock.systemUTC(), S3Storage.LONGEST_UPLOAD.plusMinutes(5));
    new S3Storage(bucket, later).removeAbandoned(FOLDER);
    assertThat(uploads()).isZero();
  }

  @Test
  void listsPageAfterPage() {
    for (int i = 0; i < 1005; i++) {
      server.store(bucket.key(FOLDER.value() + "/many/" + i));
    }

    assertThat(storage().list(FOLDER)).hasSize(1005);
    assertThat(storage().names(FOLDER.child("many"))).hasSize(1005);
    assertThat(storage().names(FOLDER)).containsExactly("many");
  }

  @Test
  void saysThatTheKeyIsNotAccepted() throws IOException {
    Path wrong = Files.writeString(folder.resolve("wrong.env"), "ID=an-access-key\nKEY=wrong\n");
    S3Bucket refused = at(S3Server.BUCKET, wrong);

    assertFails(
            ErrorCode.ACCESS_DENIED, () -> new S3Storage(refused, Clock.systemUTC()).list(FOLDER))
        .hasMessageContaining("secret-key")
        .hasMessageNotContaining("wrong\n");
  }

  @Test
  void saysThatThereIsNoKey() {
    S3Bucket without = at(S3Server.BUCKET, folder.resolve("absent.env"));

    assertFails(
        ErrorCode.SECRET_UNAVAILABLE, () -> new S3Storage(without, Clock.systemUTC()).list(FOLDER));
  }

  @Test
  void saysThatThereIsNoBucket() {
    S3Bucket absent = at("elsewhere", server.keys());

    S3Storage storage = new S3Storage(absent, Clock.systemUTC());
    assertFails(ErrorCode.ACCESS_DENIED, () -> storage.list(FOLDER))
        .hasMessageContaining("create the bucket");
    assertFails(ErrorCode.ACCESS_DENIED, () -> storage.put(NAME, output -> output.write('x')));
  }

  private S3Bucket at(String name, Path keys) {
    return at(server.endpoint(), name, keys);
  }

  private static S3Bucket at(URI endpoint, String name, Path keys) {
    return S3Server.bucket(
        endpoint,
        name,
        "",
        keys,
        Optional.empty(),
        new S3Bucket.Limits(
            Duration.ofSeconds(20), Duration.ofSeconds(30), Duration.ofSeconds(60)));
  }

  private long uploads() {
    try (S3Client client = bucket.connect()) {
      return client
          .listMultipartUploads(it -> it.bucket(S3Server.BUCKET).prefix(bucket.key("")))
          .uploads()
          .size();
    }
  }

  static byte[] random(int size) {
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);
    return content;
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      ErrorCode code, ThrowingCallable action) {
    return assertThatThrownBy(action)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining("HINT:");
  }
}

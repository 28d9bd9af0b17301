package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.plan.ObjectLock;
import dev.drp.plan.Span;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ObjectVersion;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** On the object gateway of Ceph, as teams run it. */
@Tag("full")
class CephStorageTest extends S3StorageTest {
  private static final String LOCKED = "locked";
  private static final Duration DAY = Duration.ofDays(1);
  private static final int ACCESS_DENIED = 403;

  @Override
  S3Server newServer(Path folder) {
    return S3Server.startCeph(folder.resolve("ceph"));
  }

  @Test
  void keepsWhatIsLockedUntilItsTime() throws IOException {
    for (int size : new int[] {10, PART + 1}) {
      S3Bucket locked = locked("size" + size);
      String key = locked.key(NAME.value());
      byte[] content = random(size);
      S3Storage storage = storage(locked);

      storage.put(NAME, output -> output.write(content));

      try (S3Client client = locked.connect()) {
        String version = onlyVersion(client, key);
        Instant until =
            client
                .getObjectRetention(it -> it.bucket(LOCKED).key(key).versionId(version))
                .retention()
                .retainUntilDate();
        assertThat(until).isAfter(Instant.now().plus(DAY.minusHours(1)));
        assertThatThrownBy(
                () -> client.deleteObject(it -> it.bucket(LOCKED).key(key).versionId(version)))
            .isInstanceOfSatisfying(
                S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(ACCESS_DENIED));

        storage.delete(NAME);

        assertThat(storage.list(FOLDER)).isEmpty();
        try (InputStream hidden =
            client.getObject(it -> it.bucket(LOCKED).key(key).versionId(version))) {
          assertThat(hidden.readAllBytes()).isEqualTo(content);
        }
      }
    }
  }

  private S3Bucket locked(String prefix) {
    ObjectLock lock = new ObjectLock(ObjectLock.Mode.COMPLIANCE, Span.of(DAY));
    return server().bucket(LOCKED, prefix, Optional.of(lock));
  }

  private static String onlyVersion(S3Client client, String key) {
    List<ObjectVersion> versions =
        client.listObjectVersions(it -> it.bucket(LOCKED).prefix(key)).versions();
    assertThat(versions).hasSize(1);
    return versions.get(0).versionId();
  }
}

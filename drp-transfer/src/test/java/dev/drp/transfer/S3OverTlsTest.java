package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.ObjectName;
import dev.drp.transfer.crypto.BoringSsl;
import dev.drp.transfer.crypto.TestCertificate;
import dev.drp.transfer.crypto.TlsSockets;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A storage on a real server of the protocol, as it is reached over a network. */
final class S3OverTlsTest {
  private static final int PART = S3StorageTest.PART;
  private static final ObjectName NAME = new ObjectName("folder/object");

  private static TestCertificate certificate;
  private static S3Server server;

  @BeforeAll
  static void startServer(@TempDir Path folder) throws Exception {
    certificate = TestCertificate.make(folder, "localhost");
    server = S3Server.startSecured(folder, certificate);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Test
  void carriesObjectsOfOneRequestAndInParts() throws Exception {
    for (int size : new int[] {10, 3 * PART + 12345}) {
      byte[] content = S3StorageTest.random(size);
      S3Storage storage = trusting(server.bucket("size" + size));

      assertThat(storage.put(NAME, output -> output.write(content)).bytes()).isEqualTo(size);

      try (InputStream input = storage.open(NAME)) {
        assertThat(input.readAllBytes()).isEqualTo(content);
      }
      try (InputStream input = storage.openAt(NAME, size / 2)) {
        assertThat(input.readAllBytes()).isEqualTo(Arrays.copyOfRange(content, size / 2, size));
      }
    }
  }

  @Test
  void saysThatTheCertificateIsNotTrusted() {
    S3Storage storage = new S3Storage(server.bucket("refused"), Clock.systemUTC());

    assertThatThrownBy(() -> storage.put(NAME, output -> output.write(1)))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_UNAVAILABLE))
        .hasMessageContaining("certification path");
  }

  private static S3Storage trusting(S3Bucket bucket) throws Exception {
    SSLSocketFactory sockets =
        TlsSockets.trusting(BoringSsl.PROVIDER.orElseThrow(), certificate.store());
    return new S3Storage(
        bucket,
        Clock.systemUTC(),
        new S3Upload.Sizes(PART),
        () -> bucket.connect(S3Connections.client(bucket.limits(), sockets)));
  }
}

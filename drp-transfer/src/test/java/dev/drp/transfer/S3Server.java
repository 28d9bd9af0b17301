package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.plan.ObjectLock;
import dev.drp.plan.SecretReference;
import dev.drp.transfer.crypto.TestCertificate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/** A server of the S3 protocol that checks signatures, with one bucket. */
final class S3Server implements AutoCloseable {
  static final String BUCKET = "backups";
  private static final String ACCESS_KEY = "an-access-key";
  private static final String SECRET_KEY = "a-secret-key";
  private static final S3Bucket.Limits LIMITS =
      new S3Bucket.Limits(Duration.ofSeconds(20), Duration.ofSeconds(30), Duration.ofSeconds(60));
  private static final String CEPH =
      Path.of("..", "tools", "ceph").toAbsolutePath().normalize().toString();

  private final URI endpoint;
  private final Path keys;
  private final Consumer<String> store;
  private final AutoCloseable end;

  private S3Server(URI endpoint, Path keys, Consumer<String> store, AutoCloseable end) {
    this.endpoint = endpoint;
    this.keys = keys;
    this.store = store;
    this.end = end;
  }

  /**
   * S3Proxy, in this process.
   *
   * @param folder where it keeps what is stored
   */
  static S3Server start(Path folder) {
    URI anyPort = URI.create("http://127.0.0.1:0");
    return start(
        folder, it -> it.endpoint(anyPort), proxy -> "http://127.0.0.1:" + proxy.getPort());
  }

  /** The same over TLS, as localhost. */
  static S3Server startSecured(Path folder, TestCertificate certificate) {
    URI anyPort = URI.create("https://127.0.0.1:0");
    return start(
        folder,
        it ->
            it.secureEndpoint(anyPort)
                .keyStore(certificate.file().toString(), TestCertificate.PASSWORD),
        proxy -> "https://localhost:" + proxy.getSecurePort());
  }

  private static S3Server start(
      Path folder, UnaryOperator<S3Proxy.Builder> listening, Function<S3Proxy, String> address) {
    try {
      FilesystemNio2BlobStore blobs =
          new FilesystemNio2BlobStore(Files.createDirectory(folder.resolve("blobs")).toString());
      blobs.createContainer(BUCKET);
      S3Proxy proxy =
          listening
              .apply(S3Proxy.builder())
              .blobStore(blobs)
              .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
              .build();
      proxy.start();
      return new S3Server(
          URI.create(address.apply(proxy)),
          keyFile(folder, ACCESS_KEY, SECRET_KEY),
          key -> blobs.putBlob(request(key), new ByteArrayInputStream(new byte[1])),
          proxy::stop);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server does not start", e);
    }
  }

  /**
   * The object gateway of Ceph, which {@code tools/ceph} starts; gone with all that it stores when
   * it is closed, or when the tests are killed.
   *
   * @param folder where it keeps what is stored; must not be there
   */
  static S3Server startCeph(Path folder) {
    Path log = folder.resolveSibling(folder.getFileName() + ".log");
    try {
      Process process =
          new ProcessBuilder(CEPH, "start", folder.toString()).redirectError(log.toFile()).start();
      String endpoint = process.inputReader(UTF_8).readLine();
      if (endpoint == null) {
        end(process);
        throw new AssertionError("no Ceph: " + Files.readString(log));
      }
      Path keys = folder.resolve("keys.env");
      S3Client client =
          bucket(URI.create(endpoint), BUCKET, "", keys, Optional.empty(), LIMITS).connect();
      return new S3Server(
          URI.create(endpoint),
          keys,
          key -> client.putObject(request(key), RequestBody.fromBytes(new byte[1])),
          () -> {
            client.close();
            end(process);
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void end(Process process) {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        throw new AssertionError("Ceph does not end");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }

  private static Path keyFile(Path folder, String accessKey, String secretKey) throws IOException {
    return Files.writeString(
        folder.resolve("keys.env"), "ID=%s\nKEY=%s\n".formatted(accessKey, secretKey));
  }

  private static PutObjectRequest request(String key) {
    return PutObjectRequest.builder().bucket(BUCKET).key(key).contentLength(1L).build();
  }

  /** Stores an object of one byte. */
  void store(String key) {
    store.accept(key);
  }

  S3Bucket bucket(String prefix) {
    return bucket(BUCKET, prefix, Optional.empty());
  }

  S3Bucket bucket(String name, String prefix, Optional<ObjectLock> lock) {
    return bucket(endpoint, name, prefix, keys, lock, LIMITS);
  }

  URI endpoint() {
    return endpoint;
  }

  Path keys() {
    return keys;
  }

  static S3Bucket bucket(
      URI endpoint,
      String name,
      String prefix,
      Path keys,
      Optional<ObjectLock> lock,
      S3Bucket.Limits limits) {
    return new S3Bucket(
        name,
        prefix,
        Optional.of(endpoint),
        Optional.empty(),
        true,
        new SecretReference.EnvFile(keys, "ID"),
        new SecretReference.EnvFile(keys, "KEY"),
        lock,
        limits);
  }

  @Override
  public void close() {
    try {
      end.close();
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server does not stop", e);
    }
  }
}

package dev.drp.transfer;

import dev.drp.plan.ObjectLock;
import dev.drp.plan.SecretReference;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/** A server of the S3 protocol in this process, with one bucket, which checks signatures. */
final class S3Server implements AutoCloseable {
  static final String BUCKET = "backups";
  private static final String ACCESS_KEY = "an-access-key";
  private static final String SECRET_KEY = "a-secret-key";
  private static final S3Bucket.Limits LIMITS =
      new S3Bucket.Limits(Duration.ofSeconds(20), Duration.ofSeconds(30), Duration.ofSeconds(60));

  private final S3Proxy proxy;
  private final BlobStore blobs;
  private final Path keys;

  private S3Server(S3Proxy proxy, BlobStore blobs, Path keys) {
    this.proxy = proxy;
    this.blobs = blobs;
    this.keys = keys;
  }

  /**
   * @param folder where it keeps what is stored
   */
  static S3Server start(Path folder) {
    try {
      FilesystemNio2BlobStore blobs =
          new FilesystemNio2BlobStore(Files.createDirectory(folder.resolve("blobs")).toString());
      blobs.createContainer(BUCKET);
      S3Proxy proxy =
          S3Proxy.builder()
              .blobStore(blobs)
              .endpoint(URI.create("http://127.0.0.1:0"))
              .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
              .build();
      proxy.start();
      return new S3Server(proxy, blobs, keyFile(folder, ACCESS_KEY, SECRET_KEY));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server does not start", e);
    }
  }

  private static Path keyFile(Path folder, String accessKey, String secretKey) throws IOException {
    return Files.writeString(
        folder.resolve("keys.env"), "ID=%s\nKEY=%s\n".formatted(accessKey, secretKey));
  }

  /** Stores an object of one byte, by a shorter way than over HTTP. */
  void store(String key) {
    blobs.putBlob(
        PutObjectRequest.builder().bucket(BUCKET).key(key).contentLength(1L).build(),
        new ByteArrayInputStream(new byte[1]));
  }

  S3Bucket bucket(String prefix) {
    return bucket(endpoint(), BUCKET, prefix, keys, Optional.empty(), LIMITS);
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + proxy.getPort());
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
      proxy.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server does not stop", e);
    }
  }
}

package dev.drp.transfer;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.ObjectLock;
import dev.drp.plan.SecretReference;
import dev.drp.plan.Storage;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * A bucket and how to reach it.
 *
 * @param prefix what all names start with; empty, or without a slash at its end
 * @param endpoint where the service is; that of the region if empty
 * @param pathStyle whether an endpoint wants the bucket in the path
 * @param lock retention that every object gets
 * @param limits how long to wait
 */
public record S3Bucket(
    String name,
    String prefix,
    Optional<URI> endpoint,
    Optional<String> region,
    boolean pathStyle,
    SecretReference accessKey,
    SecretReference secretKey,
    Optional<ObjectLock> lock,
    Limits limits) {
  private static final String ANY_REGION = "us-east-1";
  private static final int ATTEMPTS = 4;
  private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}");

  public S3Bucket {
    requireNonNull(name, "name");
    requireNonNull(prefix, "prefix");
    requireNonNull(endpoint, "endpoint");
    requireNonNull(region, "region");
    requireNonNull(accessKey, "accessKey");
    requireNonNull(secretKey, "secretKey");
    requireNonNull(lock, "lock");
    requireNonNull(limits, "limits");
  }

  /**
   * How long to wait for the service.
   *
   * @param connect for a connection
   * @param answer for the next byte
   * @param call for one attempt of a request that sends no more than a part
   */
  public record Limits(Duration connect, Duration answer, Duration call) {
    /** For services anywhere. */
    public static final Limits USUAL =
        new Limits(Duration.ofSeconds(15), Duration.ofSeconds(30), Duration.ofMinutes(10));

    public Limits {
      requireNonNull(connect, "connect");
      requireNonNull(answer, "answer");
      requireNonNull(call, "call");
    }
  }

  /** What the plan says. */
  public static S3Bucket of(Storage.S3 storage, Limits limits) {
    return new S3Bucket(
        storage.s3(),
        storage.prefix().orElse(""),
        storage.endpoint(),
        storage.region(),
        storage.pathStyle(),
        storage.accessKey(),
        storage.secretKey(),
        storage.objectLock(),
        limits);
  }

  /** The whole name of an object or folder. */
  String key(String name) {
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  /**
   * Looks up the keys, and reaches for nothing else yet. Checksums are ours: those that the client
   * adds by itself not every service understands.
   */
  S3Client connect() {
    return connect(S3Connections.client(endpoint, limits));
  }

  /**
   * @param http carries the requests
   */
  S3Client connect(SdkHttpClient http) {
    S3ClientBuilder client =
        S3Client.builder()
            .httpClient(http)
            .credentialsProvider(
                () ->
                    AwsBasicCredentials.create(
                        accessKey.resolve().reveal(), secretKey.resolve().reveal()))
            .region(Region.of(region.orElse(ANY_REGION)))
            .forcePathStyle(endpoint.isPresent() && pathStyle)
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .overrideConfiguration(
                settings ->
                    settings
                        .apiCallAttemptTimeout(limits.call())
                        .retryStrategy(
                            AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                .maxAttempts(ATTEMPTS)
                                .build()));
    endpoint.ifPresent(client::endpointOverride);
    if (endpoint.filter(S3Bucket::isOnThisMachine).isPresent()) {
      client.putAuthScheme(new S3Signing());
    }
    return client.build();
  }

  /**
   * Whether what is sent there stays on this machine, as it is to a service, or to the end of a
   * tunnel, on the loopback. By what is written there, as names may lead anywhere.
   */
  private static boolean isOnThisMachine(URI endpoint) {
    String host = String.valueOf(endpoint.getHost());
    return host.equalsIgnoreCase("localhost")
        || host.equals("[::1]")
        || LOOPBACK.matcher(host).matches();
  }

  @Override
  public String toString() {
    return "s3://%s%s%s"
        .formatted(
            name,
            prefix.isEmpty() ? "" : "/" + prefix,
            endpoint.map(it -> " at " + it).or(() -> region.map(it -> " in " + it)).orElse(""));
  }
}

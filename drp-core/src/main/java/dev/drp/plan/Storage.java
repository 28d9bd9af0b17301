package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A place where backups are kept. Its first key says of which type it is. In the order in which
 * they are documented; without permits, it would be that in which the compiler comes upon them.
 */
public sealed interface Storage permits Storage.Directory, Storage.Sftp, Storage.S3 {
  String name();

  /** Whether it survives the loss of the primary site. */
  boolean offSite();

  /** A folder of this machine; also a mounted one. */
  record Directory(
      @NameOfEntry String name,
      @Key("folder of this machine") Path directory,
      @Key(value = "whether it survives the loss of the primary site", defaultsTo = "false")
          boolean offSite)
      implements Storage {
    public Directory {
      requireNonNull(directory, "directory");
      Rules.of("storage " + name).name(name).enforce();
    }
  }

  /** A folder of another machine, over SFTP. */
  record Sftp(
      @NameOfEntry String name,
      @Key("account on that machine") SshAddress sftp,
      @Key("folder on that machine") String path,
      @Key("file with the host keys that SSH accepts; ~/.ssh/known_hosts if left out")
          Optional<Path> knownHosts,
      @Key("file with the private key, without a passphrase; the usual ones if left out")
          Optional<Path> key,
      @Key("how much to transfer at most; no limit if left out") Optional<DataRate> bandwidth,
      @Key(value = "whether it survives the loss of the primary site", defaultsTo = "false")
          boolean offSite)
      implements Storage {
    public Sftp {
      requireNonNull(sftp, "sftp");
      requireNonNull(knownHosts, "knownHosts");
      requireNonNull(key, "key");
      requireNonNull(bandwidth, "bandwidth");
      Rules.of("storage " + name)
          .name(name)
          .check(path.startsWith("/"), "path", Text.quote(path), "an absolute path on that machine")
          .enforce();
    }
  }

  /** A bucket of an S3 service. */
  record S3(
      @NameOfEntry String name,
      @Key("bucket") String s3,
      @Key("where the service is; that of the region if left out") Optional<URI> endpoint,
      @Key("region") Optional<String> region,
      @Key("what the names of all objects start with") Optional<String> prefix,
      @Key(
              value =
                  "whether an endpoint wants the bucket in the path, as most that are self-hosted"
                      + " do, and not in the host name",
              defaultsTo = "true")
          boolean pathStyle,
      @Key("where the access key's id is") SecretReference accessKey,
      @Key("where the access key's secret is") SecretReference secretKey,
      @Key("retention that every object gets, so that nobody can remove it before")
          Optional<ObjectLock> objectLock,
      @Key("how much to transfer at most; no limit if left out") Optional<DataRate> bandwidth,
      @Key(value = "whether it survives the loss of the primary site", defaultsTo = "false")
          boolean offSite)
      implements Storage {
    public S3 {
      requireNonNull(endpoint, "endpoint");
      requireNonNull(region, "region");
      requireNonNull(prefix, "prefix");
      requireNonNull(accessKey, "accessKey");
      requireNonNull(secretKey, "secretKey");
      requireNonNull(objectLock, "objectLock");
      requireNonNull(bandwidth, "bandwidth");
      Rules.of("storage " + name)
          .name(name)
          .check(!s3.isBlank(), "s3", Text.quote(s3), "a bucket")
          .check(
              endpoint.isPresent() || region.isPresent(),
              "region",
              "neither region nor endpoint",
              "the region of the bucket, or the endpoint of the service")
          .check(
              prefix.map(S3::isPrefix).orElse(true),
              "prefix",
              prefix.map(Text::quote).orElse(""),
              "names of folders of letters, digits, '.', '_' and '-', parted by single slashes")
          .enforce();
    }

    private static boolean isPrefix(String prefix) {
      return prefix.matches("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*");
    }
  }
}

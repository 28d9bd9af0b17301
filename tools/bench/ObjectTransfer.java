import dev.drp.backup.BackupStorage;
import dev.drp.backup.ObjectName;
import dev.drp.plan.SecretReference;
import dev.drp.transfer.S3Bucket;
import dev.drp.transfer.S3Storage;
import dev.drp.transfer.SftpStorage;
import dev.drp.transfer.ssh.SshConnections;
import dev.drp.transfer.ssh.SshTarget;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** Puts a file into a storage on another machine, or gets it from there, as a copy of a backup does. */
public final class ObjectTransfer {
  private static final ObjectName NAME = new ObjectName("bench/object");

  /** In the pieces in which a copy of a backup reads and writes. */
  private static final int PIECE = 1 << 16;

  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "sftp" -> {
        try (SshConnections connections = connections(arguments);
            SftpStorage storage = new SftpStorage(connections, arguments[6])) {
          transfer(storage, arguments[7], Path.of(arguments[8]));
        }
      }
      case "s3" -> {
        try (S3Storage storage = new S3Storage(bucket(arguments), Clock.systemUTC())) {
          transfer(storage, arguments[4], Path.of(arguments[5]));
        }
      }
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static SshConnections connections(String[] arguments) {
    return new SshConnections(
        new SshTarget(
            arguments[1],
            Integer.parseInt(arguments[2]),
            arguments[3],
            Path.of(arguments[4]),
            List.of(Path.of(arguments[5])),
            SshTarget.Limits.USUAL));
  }

  private static S3Bucket bucket(String[] arguments) {
    Path keys = Path.of(arguments[3]);
    return new S3Bucket(
        arguments[2],
        "",
        Optional.of(URI.create(arguments[1])),
        Optional.empty(),
        true,
        new SecretReference.EnvFile(keys, "ID"),
        new SecretReference.EnvFile(keys, "KEY"),
        Optional.empty(),
        S3Bucket.Limits.USUAL);
  }

  private static void transfer(BackupStorage storage, String direction, Path file) throws Exception {
    if (direction.equals("put")) {
      storage.put(
          NAME,
          output -> {
            try (InputStream input = Files.newInputStream(file)) {
              copy(input, output);
            }
          });
      return;
    }
    try (InputStream input = storage.open(NAME); FileOutputStream output = new FileOutputStream(file.toFile())) {
      copy(input, output);
      output.getFD().sync();
    }
  }

  private static void copy(InputStream input, OutputStream output) throws IOException {
    byte[] piece = new byte[PIECE];
    for (int n = input.read(piece); n >= 0; n = input.read(piece)) {
      output.write(piece, 0, n);
    }
  }
}

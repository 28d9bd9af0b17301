package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.SecretReference;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgeEncryptionTest {
  private static final int CHUNK = 65536;
  private static final int STORED_CHUNK = CHUNK + 16;

  @TempDir private Path folder;
  private Key operator;
  private Key emergency;

  /** An identity in a file, as the program that people use makes it. */
  private record Key(Path file, String recipient) {
    static Key generate(Path file) throws Exception {
      run(new byte[0], "age-keygen", "-o", file.toString());
      byte[] recipient = run(new byte[0], "age-keygen", "-y", file.toString());
      return new Key(file, new String(recipient, US_ASCII).strip());
    }

    AgeDecryption decryption() {
      return AgeDecryption.of(List.of(new SecretReference.WholeFile(file)));
    }
  }

  @BeforeEach
  void generateKeys() throws Exception {
    operator = Key.generate(folder.resolve("operator.txt"));
    emergency = Key.generate(folder.resolve("emergency.txt"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17})
  void everyRecipientReadsItBack(int bytes) throws Exception {
    byte[] content = random(bytes);
    byte[] stored = encrypted(content);

    assertThat(decrypted(operator.decryption(), stored)).isEqualTo(content);
    assertThat(decrypted(emergency.decryption(), stored)).isEqualTo(content);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17})
  void ageReadsWhatWeWrite(int bytes) throws Exception {
    byte[] content = random(bytes);

    for (Key key : List.of(operator, emergency)) {
      assertThat(run(encrypted(content), "age", "-d", "-i", key.file.toString()))
          .isEqualTo(content);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17})
  void weReadWhatAgeWrites(int bytes) throws Exception {
    byte[] content = random(bytes);
    byte[] stored = run(content, "age", "-r", emergency.recipient, "-r", operator.recipient);

    assertThat(decrypted(operator.decryption(), stored)).isEqualTo(content);
    assertThat(decrypted(emergency.decryption(), stored)).isEqualTo(content);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17})
  void isReadFromAnywhere(long offset) throws Exception {
    byte[] content = random(3 * CHUNK + 17);
    byte[] stored = encrypted(content);

    try (InputStream plain =
        operator
            .decryption()
            .decryptAnywhere("a pack", from -> tail(stored, from))
            .openAt(offset)) {
      assertThat(plain.readAllBytes())
          .isEqualTo(Arrays.copyOfRange(content, (int) offset, content.length));
    }
  }

  @Test
  void everyFlippedBitIsFound() throws Exception {
    byte[] stored = encrypted(random(2 * CHUNK + 100));
    Random random = new Random(7);

    for (int i = 0; i < 200; i++) {
      byte[] damaged = stored.clone();
      // the header is where mistakes in reading hide: every other flip is there
      int position = random.nextInt(i % 2 == 0 ? 450 : damaged.length);
      damaged[position] ^= (byte) (1 << random.nextInt(8));
      assertThatThrownBy(() -> decrypted(operator.decryption(), damaged))
          .as("a bit flipped in byte %d", position)
          .isInstanceOfAny(IOException.class, RecoveryException.class);
    }
  }

  @Test
  void whatIsCutNeverEndsQuietly() throws Exception {
    byte[] stored = encrypted(random(3 * CHUNK));
    int header = stored.length - 3 * STORED_CHUNK;

    for (int length :
        new int[] {
          0,
          1,
          header - 17,
          header - 1,
          header,
          header + 5,
          header + STORED_CHUNK,
          header + 2 * STORED_CHUNK,
          stored.length - 1
        }) {
      assertThatIOException()
          .as("cut to %d bytes", length)
          .isThrownBy(() -> decrypted(operator.decryption(), Arrays.copyOf(stored, length)));
    }
  }

  @Test
  void whatFollowsTheEndIsFound() throws Exception {
    byte[] stored = encrypted(random(CHUNK));

    assertThatIOException()
        .isThrownBy(
            () -> decrypted(operator.decryption(), Arrays.copyOf(stored, stored.length + 1)));
  }

  @Test
  void aStreamThatWasNotClosedIsCut() throws Exception {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    OutputStream abandoned =
        new AgeEncryption(List.of(operator.recipient)).encrypt(stored); // its writer died
    abandoned.write(random(2 * CHUNK));

    assertThatIOException()
        .isThrownBy(() -> decrypted(operator.decryption(), stored.toByteArray()));
  }

  @Test
  void anotherIdentityIsRefused() throws Exception {
    Key stranger = Key.generate(folder.resolve("stranger.txt"));
    byte[] stored = encrypted(random(10));

    assertThatThrownBy(() -> decrypted(stranger.decryption(), stored))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.IDENTITY_REFUSED))
        .hasMessageContaining("HINT:");
  }

  @Test
  void withoutAnIdentityItSaysThatOneIsMissing() throws Exception {
    byte[] stored = encrypted(random(10));

    assertThatThrownBy(() -> decrypted(AgeDecryption.of(List.of()), stored))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.IDENTITY_MISSING))
        .hasMessageContaining("a test is encrypted, and no identity was given");
  }

  @Test
  void severalIdentitiesAreTriedInTurn() throws Exception {
    Key stranger = Key.generate(folder.resolve("stranger.txt"));
    byte[] content = random(10);
    Path both = folder.resolve("both.txt");
    Files.writeString(both, Files.readString(stranger.file) + Files.readString(operator.file));

    assertThat(decrypted(new Key(both, "").decryption(), encrypted(content))).isEqualTo(content);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "# only a comment",
        "age1nobody",
        "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ",
        "hunter2",
        "age-encryption.org/v1"
      })
  void aFileWithoutAnIdentityIsNamedAndNotShown(String content) throws Exception {
    Path file = Files.writeString(folder.resolve("mine"), content);

    assertThatThrownBy(() -> new Key(file, "").decryption())
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.SECRET_UNAVAILABLE))
        .hasMessageContaining(file.toString())
        .hasMessageNotContainingAny("QQQQ", "hunter2");
  }

  @Test
  void aRecipientThatIsNoneIsRefused() {
    assertThatThrownBy(() -> new AgeEncryption(List.of("age1nobody")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new AgeEncryption(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theSameContentNeverGivesTheSameBytes() throws Exception {
    byte[] content = "secret".getBytes(UTF_8);

    assertThat(encrypted(content)).isNotEqualTo(encrypted(content));
  }

  private byte[] encrypted(byte[] content) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    AgeEncryption encryption = new AgeEncryption(List.of(operator.recipient, emergency.recipient));
    try (OutputStream output = encryption.encrypt(stored)) {
      output.write(content);
    }
    return stored.toByteArray();
  }

  private static byte[] decrypted(AgeDecryption decryption, byte[] stored) throws IOException {
    try (InputStream plain = decryption.decrypt("a test", new ByteArrayInputStream(stored))) {
      return plain.readAllBytes();
    }
  }

  private static InputStream tail(byte[] stored, long from) {
    return new ByteArrayInputStream(stored, (int) from, stored.length);
  }

  private static byte[] random(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return content;
  }

  /** A program of the package age, with input of at most a few hundred KiB. */
  private static byte[] run(byte[] input, String... command) throws Exception {
    Path given = Files.createTempFile("age", "input");
    try {
      Files.write(given, input);
      Process process =
          new ProcessBuilder(command)
              .redirectInput(given.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      byte[] output = process.getInputStream().readAllBytes();
      assertThat(process.waitFor()).as("exit code of %s", command[0]).isZero();
      return output;
    } finally {
      Files.delete(given);
    }
  }
}

package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretReferenceTest {
  @TempDir private Path folder;

  @Test
  void isReadFromTheEnvironment() {
    SecretReference.Variable reference = new SecretReference.Variable("PASSWORD");

    assertThat(SecretFiles.variable(reference, Map.of("PASSWORD", "a b")).reveal())
        .isEqualTo("a b");
    assertUnavailable(() -> SecretFiles.variable(reference, Map.of()), "not set");
    assertUnavailable(() -> SecretFiles.variable(reference, Map.of("PASSWORD", "")), "empty");
  }

  @Test
  void isAWholeFileWithoutItsLastLineEnd() throws IOException {
    assertThat(wholeFile("hunter2\n").resolve().reveal()).isEqualTo("hunter2");
    assertThat(wholeFile("hunter2\r\n").resolve().reveal()).isEqualTo("hunter2");
    assertThat(wholeFile(" hunter 2 \n\n").resolve().reveal()).isEqualTo(" hunter 2 \n");
    assertThat(wholeFile("hunter2").resolve().toString()).isEqualTo("***");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          PASSWORD=a b                 | a b
          PASSWORD = a                 | a
          export PASSWORD=a            | a
          PASSWORD=a # remark          | a
          PASSWORD=a#b                 | a#b
          PASSWORD='a # b'             | a # b
          PASSWORD="a \\"b\\" $c"      | a "b" $c
          PASSWORD="a" # remark        | a
          PASSWORD=a=b==               | a=b==
          PASSWORD='it is "so"'        | it is "so"
          """)
  void isALineOfAnEnvironmentFile(String line, String value) throws IOException {
    Path file = Files.writeString(folder.resolve(".env"), "# x\nOTHER=no\n" + line + "\nLAST=1\n");

    assertThat(new SecretReference.EnvFile(file, "PASSWORD").resolve().reveal()).isEqualTo(value);
  }

  @Test
  void isTheLastLineOfItsNameAndLookedUpAnew() throws IOException {
    Path file = Files.writeString(folder.resolve(".env"), "A=1\nA=2\n");
    SecretReference reference = new SecretReference.EnvFile(file, "A");

    assertThat(reference.resolve().reveal()).isEqualTo("2");
    Files.writeString(file, "A=3\n");
    assertThat(reference.resolve().reveal()).isEqualTo("3");
  }

  @Test
  void whatCannotBeHadIsAnErrorThatShowsNothingOfTheFile() throws IOException {
    Path file = Files.writeString(folder.resolve(".env"), "A=hunter2\nEMPTY=\nREMARK= # none\n");

    assertUnavailable(() -> new SecretReference.EnvFile(file, "B").resolve(), "no variable");
    assertUnavailable(() -> new SecretReference.EnvFile(file, "EMPTY").resolve(), "empty");
    assertUnavailable(() -> new SecretReference.EnvFile(file, "REMARK").resolve(), "empty");
    assertUnavailable(() -> new SecretReference.WholeFile(folder).resolve(), "not a file");
    assertUnavailable(
        () -> new SecretReference.WholeFile(folder.resolve("none")).resolve(), "does not exist");
    Files.write(file, new byte[] {(byte) 0xC3, (byte) 0x28});
    assertUnavailable(() -> new SecretReference.WholeFile(file).resolve(), "not UTF-8");
    Files.write(file, new byte[2 << 20]);
    assertUnavailable(() -> new SecretReference.WholeFile(file).resolve(), "larger than 1 MiB");
  }

  private SecretReference wholeFile(String content) throws IOException {
    return new SecretReference.WholeFile(Files.writeString(folder.resolve("secret"), content));
  }

  private static void assertUnavailable(Supplier<Secret> lookup, String problem) {
    assertThatThrownBy(lookup::get)
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.SECRET_UNAVAILABLE))
        .hasMessageContaining(problem)
        .hasMessageContaining("HINT:")
        .hasMessageNotContaining("hunter2");
  }
}

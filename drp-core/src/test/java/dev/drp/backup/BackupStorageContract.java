package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every storage of backups must do; each implementation has a subclass. */
public abstract class BackupStorageContract {
  protected static final ObjectName FOLDER = new ObjectName("shop/production");
  protected static final ObjectName NAME = FOLDER.child("set").child("part");

  private BackupStorage storage;

  /** An empty storage. */
  protected abstract BackupStorage newStorage();

  @BeforeEach
  void createStorage() {
    storage = newStorage();
  }

  @Test
  protected void givesBackWhatWasPut() throws IOException {
    byte[] content = new byte[300_000];
    new java.util.Random(1).nextBytes(content);

    StoredObject stored = storage.put(NAME, output -> output.write(content));

    assertThat(stored).isEqualTo(new StoredObject(NAME, content.length));
    assertThat(read(NAME)).isEqualTo(content);
  }

  @Test
  protected void givesBackWhatFollowsAByte() throws IOException {
    put(NAME.value(), "0123456789");

    for (int offset : new int[] {0, 4, 9, 10, 11}) {
      try (InputStream content = storage.openAt(NAME, offset)) {
        assertThat(content.readAllBytes())
            .isEqualTo("0123456789".substring(Math.min(offset, 10)).getBytes(UTF_8));
      }
    }
    assertThatThrownBy(() -> storage.openAt(FOLDER.child("absent"), 4))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_NOT_FOUND));
  }

  @Test
  protected void keepsAnEmptyObject() throws IOException {
    storage.put(NAME, output -> {});

    assertThat(read(NAME)).isEmpty();
    assertThat(storage.list(FOLDER)).containsExactly(new StoredObject(NAME, 0));
  }

  @Test
  protected void listsAllBelowAFolderInNameOrder() {
    put("shop/production/b/2", "b2");
    put("shop/production/b/1", "b");
    put("shop/production/a", "aaa");
    put("shop/production-old/x", "x");
    put("shop/staging/x", "x");

    assertThat(storage.list(FOLDER))
        .containsExactly(
            new StoredObject(new ObjectName("shop/production/a"), 3),
            new StoredObject(new ObjectName("shop/production/b/1"), 1),
            new StoredObject(new ObjectName("shop/production/b/2"), 2));
  }

  @Test
  protected void namesWhatIsDirectlyInAFolder() {
    put("shop/production/b/2/deep", "b2");
    put("shop/production/b/1", "b");
    put("shop/production/a", "aaa");

    assertThat(storage.names(FOLDER)).containsExactly("a", "b");
  }

  @Test
  protected void showsAnAbsentFolderAsEmpty() {
    assertThat(storage.list(FOLDER)).isEmpty();
    assertThat(storage.names(FOLDER)).isEmpty();
  }

  @Test
  protected void saysThatAnObjectIsNotThere() {
    assertThatThrownBy(() -> storage.open(NAME))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_NOT_FOUND))
        .hasMessageContaining(NAME.value())
        .hasMessageContaining("HINT:");
  }

  @Test
  protected void takesTheSameContentAgainWithoutEffect() throws IOException {
    put(NAME.value(), "same");
    put(NAME.value(), "same");

    assertThat(read(NAME)).isEqualTo("same".getBytes(UTF_8));
  }

  @Test
  protected void refusesOtherContentAndKeepsTheFirst() throws IOException {
    put(NAME.value(), "first");

    assertThatThrownBy(() -> put(NAME.value(), "other"))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_EXISTS));
    assertThat(read(NAME)).isEqualTo("first".getBytes(UTF_8));
    assertThat(storage.list(FOLDER)).hasSize(1);
  }

  @Test
  protected void publishesNothingOfAContentThatFails() {
    RecoveryException failure =
        new RecoveryException(ErrorCode.COMMAND_FAILED, "pg_dump ended with 1", "look at it.");

    assertThatThrownBy(
            () ->
                storage.put(
                    NAME,
                    output -> {
                      output.write(new byte[100_000]);
                      throw failure;
                    }))
        .isSameAs(failure);

    assertThat(storage.list(FOLDER)).isEmpty();
    assertThatThrownBy(() -> storage.open(NAME)).isInstanceOf(RecoveryException.class);
  }

  @Test
  protected void listsNothingThatIsOnlyHalfWritten() {
    storage.put(
        NAME,
        output -> {
          output.write(new byte[100_000]);
          assertThat(storage.list(FOLDER)).isEmpty();
          assertThatThrownBy(() -> storage.open(NAME)).isInstanceOf(RecoveryException.class);
        });

    assertThat(storage.list(FOLDER)).hasSize(1);
  }

  @Test
  protected void leavesALivingWriterAloneWhenItRemovesWhatWasAbandoned() throws IOException {
    storage.put(
        NAME,
        output -> {
          output.write("begun, ".getBytes(UTF_8));
          output.flush();
          assertThat(storage.removeAbandoned(FOLDER)).isZero();
          output.write("ended".getBytes(UTF_8));
        });

    assertThat(read(NAME)).isEqualTo("begun, ended".getBytes(UTF_8));
  }

  @Test
  protected void deletesAnObject() {
    put(NAME.value(), "content");

    storage.delete(NAME);
    storage.delete(NAME); // a second call has no effect

    assertThat(storage.list(FOLDER)).isEmpty();
    put(NAME.value(), "other content can be put now");
  }

  @Test
  protected void lets1OfManyWritersOfTheSameNameWin() throws Exception {
    int writers = 8;
    ExecutorService pool = Executors.newFixedThreadPool(writers);
    try {
      List<Callable<Boolean>> attempts = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        String content = "writer " + i;
        attempts.add(() -> wins(content));
      }
      int won = 0;
      for (Future<Boolean> attempt : pool.invokeAll(attempts)) {
        won += attempt.get() ? 1 : 0;
      }
      assertThat(won).isEqualTo(1);
    } finally {
      pool.shutdownNow();
    }
    assertThat(storage.list(FOLDER)).hasSize(1);
  }

  private boolean wins(String content) {
    try {
      put(NAME.value(), content);
      return true;
    } catch (RecoveryException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_EXISTS);
      return false;
    }
  }

  private void put(String name, String content) {
    storage.put(new ObjectName(name), output -> output.write(content.getBytes(UTF_8)));
  }

  private byte[] read(ObjectName name) throws IOException {
    try (InputStream content = storage.open(name)) {
      return content.readAllBytes();
    }
  }
}

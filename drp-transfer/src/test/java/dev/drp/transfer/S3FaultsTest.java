package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.ObjectName;
import dev.drp.plan.ObjectLock;
import dev.drp.plan.Span;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service that misbehaves, and what is sent to one: of object lock and conditions, as the server
 * of the other tests does not enforce locks. Answers are played one after the other.
 */
class S3FaultsTest {
  private static final String CHECKSUM = "x-amz-checksum-crc32c";
  private static final ObjectName NAME = new ObjectName("shop/part");
  private static final Instant NOW = Instant.parse("2026-11-22T10:15:00Z");
  private static final Answer ABSENT = exchange -> exchange.sendResponseHeaders(404, -1);

  /** Of a service that compares the checksum of what it received, and says so. */
  private static final Answer COMPARED =
      exchange -> {
        String checksum = exchange.getRequestHeaders().getFirst(CHECKSUM);
        exchange.getResponseHeaders().add(CHECKSUM, checksum);
        text(200, "").to(exchange);
      };

  private static final Answer BEGUN =
      text(
          200,
          "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
  private static final Answer COMPLETE =
      text(
          200,
          "<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>");

  @TempDir Path folder;
  private final Deque<Answer> answers = new ArrayDeque<>();
  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch end = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private record Request(String method, URI target, HttpExchange exchange, String body) {
    String header(String name) {
      return String.valueOf(exchange.getRequestHeaders().getFirst(name));
    }
  }

  @BeforeEach
  void startServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
          requests.add(
              new Request(exchange.getRequestMethod(), exchange.getRequestURI(), exchange, body));
          Answer answer;
          synchronized (answers) {
            answer = answers.size() > 1 ? answers.remove() : answers.element();
          }
          answer.to(exchange);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stopServer() {
    end.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private S3Storage storage(Optional<ObjectLock> lock) throws IOException {
    return storage("127.0.0.1", lock);
  }

  private S3Storage storage(String host, Optional<ObjectLock> lock) throws IOException {
    Path keys = Files.writeString(folder.resolve("keys.env"), "ID=a\nKEY=b\n");
    S3Bucket bucket =
        S3Server.bucket(
            URI.create("http://" + host + ":" + server.getAddress().getPort()),
            "vault",
            "drp",
            keys,
            lock,
            new S3Bucket.Limits(
                Duration.ofSeconds(20), Duration.ofSeconds(2), Duration.ofSeconds(30)));
    return new S3Storage(bucket, Clock.fixed(NOW, ZoneOffset.UTC), new S3Upload.Sizes(1000));
  }

  private void play(Answer... several) {
    answers.addAll(List.of(several));
  }

  private static Answer status(int code, String error) {
    return text(code, "<Error><Code>%s</Code><Message>no</Message></Error>".formatted(error));
  }

  private static Answer text(int code, String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/xml");
      exchange.getResponseHeaders().add("ETag", "\"tag\"");
      boolean empty = bytes.length == 0 || exchange.getRequestMethod().equals("HEAD");
      if (empty) {
        exchange.getResponseHeaders().add("Content-Length", String.valueOf(bytes.length));
      }
      exchange.sendResponseHeaders(code, empty ? -1 : bytes.length);
      if (!empty) {
        exchange.getResponseBody().write(bytes);
      }
    };
  }

  @Test
  void sendsTheConditionTheChecksumAndTheLockOfASmallObject() throws IOException {
    play(ABSENT, COMPARED);

    storage(Optional.of(lock(ObjectLock.Mode.COMPLIANCE)))
        .put(NAME, output -> output.write("123456789".getBytes(UTF_8)));

    Request put = requests.get(1);
    assertThat(put.method()).isEqualTo("PUT");
    assertThat(put.target().getPath()).isEqualTo("/vault/drp/" + NAME);
    assertThat(put.header("If-None-Match")).isEqualTo("*");
    assertThat(put.header("x-amz-checksum-crc32c")).isEqualTo("4waSgw=="); // of the standard's text
    assertThat(put.header("x-amz-object-lock-mode")).isEqualTo("COMPLIANCE");
    assertThat(put.header("x-amz-object-lock-retain-until-date")).startsWith("2026-12-22T10:15:00");
  }

  @Test
  void sendsTheConditionAndTheLockOfALargeObject() throws IOException {
    play(ABSENT, BEGUN, COMPARED, COMPARED, ABSENT, COMPLETE, locked(""));

    storage(Optional.of(lock(ObjectLock.Mode.GOVERNANCE)))
        .put(NAME, output -> output.write(new byte[1500]));

    Request begin = requests.get(1);
    assertThat(begin.header("x-amz-object-lock-mode")).isEqualTo("GOVERNANCE");
    assertThat(begin.header("x-amz-checksum-algorithm")).isEqualTo("CRC32C");
    assertThat(requests.subList(2, 4))
        .allSatisfy(part -> assertThat(part.header("x-amz-checksum-crc32c")).hasSize(8));
    Request complete = requests.get(5);
    assertThat(complete.method()).isEqualTo("POST");
    assertThat(complete.target().getQuery()).contains("uploadId=u1");
    assertThat(complete.header("If-None-Match")).isEqualTo("*");
  }

  @Test
  void sendsNoLockUnlessThePlanAsksForIt() throws IOException {
    play(ABSENT, COMPARED);

    storage(Optional.empty()).put(NAME, output -> output.write('x'));

    assertThat(requests.get(1).header("x-amz-object-lock-mode")).isEqualTo("null");
  }

  @Test
  void signsTheContentWhereItLeavesThisMachineUnencrypted() throws IOException {
    play(ABSENT, COMPARED);

    // Leads to this machine as well, and does not look like it.
    storage("0.0.0.0", Optional.empty()).put(NAME, output -> output.write('x'));

    Request put = requests.get(1);
    assertThat(put.header("x-amz-content-sha256")).startsWith("STREAMING-AWS4-HMAC-SHA256");
    assertThat(put.body()).contains("chunk-signature=");
  }

  @Test
  void signsTheChecksumOfTheContentWhereItStaysOnThisMachine() throws IOException {
    for (String host : List.of("127.0.0.1", "localhost", "LOCALHOST")) {
      answers.clear();
      requests.clear();
      play(ABSENT, COMPARED);

      storage(host, Optional.empty()).put(NAME, output -> output.write('x'));

      Request put = requests.get(1);
      assertThat(put.header("x-amz-content-sha256")).isEqualTo("UNSIGNED-PAYLOAD");
      assertThat(put.header("Authorization")).contains(";x-amz-checksum-crc32c;");
      assertThat(put.body()).isEqualTo("x");
    }
  }

  @Test
  void removesWhatWasSentWhenThePartsAreRefused() throws IOException {
    play(ABSENT, BEGUN, status(400, "BadDigest"));

    for (int size : new int[] {1001, 9000}) { // noticed at the end, and on the way
      S3Storage storage = storage(Optional.empty());
      assertThat(assertFails(ErrorCode.STORAGE_UNAVAILABLE, storage, size)).contains("BadDigest");

      assertThat(requests.get(requests.size() - 1).method()).isEqualTo("DELETE");
      assertThat(requests).noneMatch(it -> it.method().equals("POST") && isOf(it, "u1"));
      answers.addFirst(BEGUN);
      answers.addFirst(ABSENT);
    }
  }

  @Test
  void readsBackWhatTheServiceDidNotCompare() throws IOException {
    play(ABSENT, text(200, ""), text(200, ""), text(200, "x"));

    storage(Optional.empty()).put(NAME, output -> output.write('x'));

    assertThat(requests).extracting(Request::method).containsExactly("HEAD", "PUT", "HEAD", "GET");
  }

  @Test
  void readsBackPartsThatTheServiceDidNotCompare() throws IOException {
    Answer whole = text(200, "x".repeat(1500));
    play(ABSENT, BEGUN, COMPARED, text(200, ""), ABSENT, COMPLETE, text(200, ""), whole);

    storage(Optional.empty()).put(NAME, output -> output.write("x".repeat(1500).getBytes(UTF_8)));

    assertThat(requests).hasSize(8);
    assertThat(requests.get(7).method()).isEqualTo("GET");
  }

  @Test
  void removesWhatWasStoredOtherThanSent() throws IOException {
    play(ABSENT, text(200, ""), text(200, ""), text(200, "y"), text(204, ""));

    assertFails(ErrorCode.STORAGE_UNAVAILABLE, storage(Optional.empty()), 1);

    assertThat(requests)
        .extracting(Request::method)
        .containsExactly("HEAD", "PUT", "HEAD", "GET", "DELETE");
  }

  @Test
  void readsNothingBackThatTheServiceCompared() throws IOException {
    play(ABSENT, COMPARED);

    storage(Optional.empty()).put(NAME, output -> output.write('x'));

    assertThat(requests).hasSize(2);
  }

  /** On a service that would replace what is there. */
  @Test
  void completesNothingOverWhatSomebodyElsePublishedMeanwhile() throws IOException {
    Answer there = text(200, "");
    play(ABSENT, BEGUN, COMPARED, COMPARED, there, there, text(200, "other"), text(204, ""));

    assertFails(ErrorCode.OBJECT_EXISTS, storage(Optional.empty()), 1500);

    assertThat(requests).noneMatch(it -> it.method().equals("POST") && isOf(it, "u1"));
    assertThat(requests.get(7)).matches(it -> it.method().equals("DELETE") && isOf(it, "u1"));
  }

  /** Both saw that nothing was there: the other one completed last, and has what is there. */
  @Test
  void noticesThatWhatItCompletedWasReplaced() throws IOException {
    Answer others =
        exchange -> {
          exchange.getResponseHeaders().add("ETag", "\"others\"");
          exchange.getResponseHeaders().add("Content-Length", "5");
          exchange.sendResponseHeaders(200, -1);
        };
    play(ABSENT, BEGUN, COMPARED, COMPARED, ABSENT, COMPLETE, others, text(200, "other"));

    assertFails(ErrorCode.OBJECT_EXISTS, storage(Optional.empty()), 1500);

    assertThat(requests).noneMatch(it -> it.method().equals("DELETE"));
  }

  @Test
  void locksALargeObjectThatTheServiceForgotToLock() throws IOException {
    play(ABSENT, BEGUN, COMPARED, COMPARED, ABSENT, COMPLETE, text(200, ""), text(200, ""));

    storage(Optional.of(lock(ObjectLock.Mode.COMPLIANCE)))
        .put(NAME, output -> output.write(new byte[1500]));

    assertThat(requests).hasSize(8);
    assertLocks(requests.get(7));
  }

  @Test
  void leavesALargeObjectAloneThatTheServiceLocked() throws IOException {
    play(ABSENT, BEGUN, COMPARED, COMPARED, ABSENT, COMPLETE, locked(""));

    storage(Optional.of(lock(ObjectLock.Mode.COMPLIANCE)))
        .put(NAME, output -> output.write(new byte[1500]));

    assertThat(requests).hasSize(7);
  }

  /** As after a run that ended between both. */
  @Test
  void locksWhatIsThereAndIsNotLocked() throws IOException {
    S3Storage storage = storage(Optional.of(lock(ObjectLock.Mode.COMPLIANCE)));

    play(text(200, "x"), text(200, "x"), text(200, ""));
    storage.put(NAME, output -> output.write('x'));
    assertThat(requests).hasSize(3);
    assertLocks(requests.get(2));

    answers.clear();
    requests.clear();
    play(locked("x"), text(200, "x"));
    storage.put(NAME, output -> output.write('x'));
    assertThat(requests).hasSize(2);
  }

  @Test
  void failsWhenWhatItWroteCannotBeLocked() throws IOException {
    play(ABSENT, BEGUN, COMPARED, COMPARED, ABSENT, COMPLETE, text(200, ""));
    play(status(403, "AccessDenied"));

    assertFails(
        ErrorCode.ACCESS_DENIED, storage(Optional.of(lock(ObjectLock.Mode.COMPLIANCE))), 1500);
  }

  private static Answer locked(String body) {
    return exchange -> {
      exchange.getResponseHeaders().add("x-amz-object-lock-mode", "COMPLIANCE");
      text(200, body).to(exchange);
    };
  }

  private static void assertLocks(Request request) {
    assertThat(request.method()).isEqualTo("PUT");
    assertThat(request.target().getQuery()).startsWith("retention");
    assertThat(request.body()).contains("<Mode>COMPLIANCE</Mode>", "2026-12-22T10:15:00Z");
  }

  private static boolean isOf(Request request, String upload) {
    return String.valueOf(request.target().getQuery()).contains("uploadId=" + upload);
  }

  @Test
  void asksAgainAfterAnErrorThatPasses() throws IOException {
    play(ABSENT, status(503, "SlowDown"), status(500, "InternalError"), COMPARED);

    storage(Optional.empty()).put(NAME, output -> output.write('x'));

    assertThat(requests).hasSize(4);
    assertThat(requests.subList(1, 4)).extracting(Request::body).containsOnly("x");
  }

  @Test
  void givesUpOnAServiceThatStaysBroken() throws IOException {
    play(status(503, "ServiceUnavailable"));

    assertFails(ErrorCode.STORAGE_UNAVAILABLE, storage(Optional.empty()));
  }

  @Test
  void givesUpOnAServiceThatHangs() throws IOException {
    play(
        exchange -> {
          try {
            end.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });

    assertFails(ErrorCode.STORAGE_UNAVAILABLE, storage(Optional.empty()));
  }

  @Test
  void saysWhatTheServiceRefusesFor() throws IOException {
    play(ABSENT);
    play(Collections.nCopies(4, status(403, "RequestTimeTooSkewed")).toArray(Answer[]::new));
    play(ABSENT, status(400, "ExpiredToken"));
    play(ABSENT, status(507, "XMinioStorageFull"));
    play(ABSENT, status(400, "BadDigest"));
    S3Storage storage = storage(Optional.empty());

    assertThat(assertFails(ErrorCode.ACCESS_DENIED, storage)).contains("clock");
    assertThat(assertFails(ErrorCode.ACCESS_DENIED, storage)).contains("access-key");
    assertThat(assertFails(ErrorCode.OUT_OF_SPACE, storage)).contains("expire");
    assertThat(assertFails(ErrorCode.STORAGE_UNAVAILABLE, storage)).contains("BadDigest");
  }

  @Test
  void goesOnReadingWhereAnAnswerBrokeOff() throws IOException {
    play(
        exchange -> {
          exchange.sendResponseHeaders(200, 10);
          exchange.getResponseBody().write("01234".getBytes(UTF_8));
          exchange.getResponseBody().flush();
          throw new IOException("cut");
        },
        text(206, "56789"));

    try (InputStream content = storage(Optional.empty()).open(NAME)) {
      assertThat(content.readAllBytes()).isEqualTo("0123456789".getBytes(UTF_8));
    }
    assertThat(requests.get(1).header("Range")).isEqualTo("bytes=5-");
  }

  private static ObjectLock lock(ObjectLock.Mode mode) {
    return new ObjectLock(mode, Span.of(Duration.ofDays(30)));
  }

  private static String assertFails(ErrorCode code, S3Storage storage) {
    return assertFails(code, storage, 1);
  }

  private static String assertFails(ErrorCode code, S3Storage storage, int size) {
    RecoveryException[] failure = new RecoveryException[1];
    assertThatThrownBy(() -> storage.put(NAME, output -> output.write(new byte[size])))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> {
              assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
              failure[0] = e;
            });
    return String.valueOf(failure[0].getMessage());
  }
}

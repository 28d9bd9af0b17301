package dev.drp.probe;

import static java.util.Objects.requireNonNullElse;

import dev.drp.RecoveryException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** Asks with the JDK's HTTP client, by HTTP/1.1. Answers are read to their end and thrown away. */
public final class JdkHttpProbe implements HttpProbe {
  private static final int MOST_REDIRECTS = 5;

  private final CompletableFuture<HttpClient> client;

  /** With the JDK's own certificate authorities. */
  public JdkHttpProbe() {
    this(HttpClient.newBuilder());
  }

  /**
   * Nobody has to wait yet: to read the JDK's certificate authorities takes the client 0.2 s.
   *
   * @param client what else connections need, such as certificate authorities of one's own
   */
  public JdkHttpProbe(HttpClient.Builder client) {
    client.version(HttpClient.Version.HTTP_1_1).followRedirects(HttpClient.Redirect.NEVER);
    this.client = CompletableFuture.supplyAsync(client::build);
  }

  @Override
  public Answer ask(URI address, Duration limit) {
    long start = System.nanoTime();
    URI current = address;
    for (int redirects = 0; ; redirects++) {
      Duration left = limit.minusNanos(System.nanoTime() - start);
      HttpResponse<Void> response;
      try {
        response = get(current, left);
      } catch (ProbeFailedException e) {
        return new Answer(address, Optional.empty(), since(start), problem(e, limit));
      }
      int status = response.statusCode();
      Optional<URI> next = redirect(current, response);
      if (next.isPresent() && sameHost(current, next.orElseThrow()) && redirects < MOST_REDIRECTS) {
        current = next.orElseThrow();
        continue;
      }
      String problem =
          status >= 200 && status < 300
              ? ""
              : "answers with status %d%s"
                  .formatted(status, next.map(to -> " and leads to " + to).orElse(""));
      return new Answer(address, Optional.of(status), since(start), problem);
    }
  }

  /** The client's own limits leave out parts; this is one for all, name resolution included. */
  private HttpResponse<Void> get(URI address, Duration limit) throws ProbeFailedException {
    CompletableFuture<HttpResponse<Void>> answer;
    try {
      HttpRequest request = HttpRequest.newBuilder(address).header("User-Agent", "drp").build();
      answer = client.join().sendAsync(request, HttpResponse.BodyHandlers.discarding());
    } catch (IllegalArgumentException e) {
      throw new ProbeFailedException("is no http or https address", e);
    }
    try {
      return answer.get(Math.max(0, limit.toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new ProbeFailedException("", e);
    } catch (ExecutionException e) {
      throw new ProbeFailedException(wording(requireNonNullElse(e.getCause(), e)), e);
    } catch (InterruptedException e) {
      answer.cancel(true);
      throw RecoveryException.interrupted("asking " + address, e);
    }
  }

  private static String problem(ProbeFailedException failure, Duration limit) {
    return failure.getCause() instanceof TimeoutException
        ? "did not answer completely within %d ms".formatted(limit.toMillis())
        : String.valueOf(failure.getMessage());
  }

  private static String wording(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
        return "its name cannot be resolved";
      }
      if (cause instanceof SSLException) {
        return "TLS failed: " + cause.getMessage();
      }
    }
    if (failure instanceof ConnectException) {
      return "cannot connect: " + requireNonNullElse(failure.getMessage(), "connection refused");
    }
    return failure instanceof IOException
        ? "the connection failed: " + requireNonNullElse(failure.getMessage(), failure.toString())
        : failure.toString();
  }

  private static Optional<URI> redirect(URI from, HttpResponse<?> response) {
    if (response.statusCode() < 300 || response.statusCode() > 399) {
      return Optional.empty();
    }
    try {
      return response.headers().firstValue("Location").map(from::resolve);
    } catch (IllegalArgumentException noAddress) {
      return Optional.empty();
    }
  }

  private static boolean sameHost(URI from, URI to) {
    return to.getHost() != null && to.getHost().equalsIgnoreCase(from.getHost());
  }

  private static Duration since(long start) {
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /** No answer came. */
  private static final class ProbeFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    ProbeFailedException(String problem, Throwable cause) {
      super(problem, cause);
    }
  }
}

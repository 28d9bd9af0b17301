package dev.drp.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.DockerCmdExecFactory;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DefaultDockerCmdExecFactory;
import com.github.dockerjava.core.DockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.RemoteApiVersion;
import com.github.dockerjava.transport.DockerHttpClient;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.ContainerRuntime.TarWriter;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Requests to one engine, and its errors in our words. */
final class Engine {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONG_TRANSFER = Duration.ofHours(24);

  /** Not by the default builder, which reads files in the home folder. The address is not used. */
  private static final DockerClientConfig CONFIG =
      new DefaultDockerClientConfig.Builder()
          .withDockerHost("unix:///var/run/docker.sock")
          .withApiVersion(RemoteApiVersion.UNKNOWN_VERSION)
          .build();

  private static final RetryConfig ONCE_CLEARED =
      RetryConfig.custom()
          .maxAttempts(5)
          .waitDuration(Duration.ofSeconds(1))
          .retryOnException(Engine::foundWhatItHadBegun)
          .build();

  private final EngineHttp http;
  private final DockerClient client;
  private final DockerCmdExecFactory unlogged;

  Engine(StreamOpener opener) {
    http = new EngineHttp(opener, LIMIT);
    client = clientOver(http);
    DefaultDockerCmdExecFactory factory =
        new DefaultDockerCmdExecFactory(http, DockerClientConfig.getDefaultObjectMapper());
    factory.init(CONFIG);
    unlogged = factory;
  }

  EngineHttp http() {
    return http;
  }

  /**
   * Sends a request. A not-found or conflict that the caller does not catch in {@code request}
   * becomes ENGINE_FAILED, as every other error answer does.
   */
  <T> T ask(Function<DockerClient, T> request) {
    return ask(client, request);
  }

  /** Sends a request that may take that much longer than others. */
  <T> T ask(Duration longer, Function<DockerClient, T> request) {
    return ask(clientOver(http.within(LIMIT.plus(longer))), request);
  }

  /**
   * For requests that carry secrets, inside of {@link #ask(Function)}: a command's own {@code
   * exec()} writes all that it holds to docker-java's debug log.
   */
  DockerCmdExecFactory unlogged() {
    return unlogged;
  }

  private <T> T ask(DockerClient docker, Function<DockerClient, T> request) {
    try {
      return request.apply(docker);
    } catch (DockerException e) {
      throw failed(String.valueOf(e.getMessage()), e);
    } catch (RecoveryException e) {
      throw e;
    } catch (RuntimeException e) {
      // docker-java wraps what goes wrong while it reads an answer.
      if (e.getCause() instanceof IOException broken) {
        throw http.unavailable(broken);
      }
      throw e;
    }
  }

  /** Sends a request whose answer does not matter. */
  void run(Consumer<DockerClient> request) {
    run(Duration.ZERO, request);
  }

  /** Sends a request that may take that much longer than others. */
  void run(Duration longer, Consumer<DockerClient> request) {
    ask(
        longer,
        docker -> {
          request.accept(docker);
          return true;
        });
  }

  /**
   * Sends a request that starts a container. An engine that was stopped while it started one may
   * find what it had begun when it is back, and refuse; with that it clears it away, so it is asked
   * again.
   */
  void start(Duration longer, Consumer<DockerClient> request) {
    Retry.decorateRunnable(Retry.of("start", ONCE_CLEARED), () -> run(longer, request)).run();
  }

  private static boolean foundWhatItHadBegun(Throwable failure) {
    return failure instanceof RecoveryException e
        && e.code() == ErrorCode.ENGINE_FAILED
        && e.problem().contains("task ")
        && e.problem().contains("already exists");
  }

  /** The last lines that a container printed, on both outputs in the order of time. */
  List<String> lastLogLines(String container, int count) {
    boolean terminal =
        Boolean.TRUE.equals(
            ask(docker -> docker.inspectContainerCmd(container).exec().getConfig().getTty()));
    String path = "/containers/%s/logs?stdout=1&stderr=1&tail=%d".formatted(container, count);
    return get(
        LIMIT,
        path,
        body -> {
          ByteArrayOutputStream text = new ByteArrayOutputStream();
          if (terminal) {
            body.transferTo(text);
          } else {
            OutputFrames.readAll(body, text::write, text::write);
          }
          return text.toString(StandardCharsets.UTF_8).lines().toList();
        });
  }

  /** Asks for what docker-java does not know, or knows as a stream only. */
  JsonNode json(Duration limit, String path) {
    return get(limit, path, JSON::readTree);
  }

  private <T> T get(Duration limit, String path, Reader<T> reader) {
    DockerHttpClient.Request request =
        DockerHttpClient.Request.builder()
            .method(DockerHttpClient.Request.Method.GET)
            .path(path)
            .build();
    try (DockerHttpClient.Response answer = http.within(limit).execute(request)) {
      if (answer.getStatusCode() == 200) {
        return reader.read(answer.getBody());
      }
      String message = new String(answer.getBody().readAllBytes(), StandardCharsets.UTF_8);
      throw answer.getStatusCode() == 404 ? new NotFoundException(message) : failed(message, null);
    } catch (IOException e) {
      throw http.unavailable(e);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("reading an answer of the container engine", e);
    }
  }

  /** A long answer as it comes, which the caller closes; empty when there is no such thing. */
  Optional<InputStream> download(String path) {
    DockerHttpClient.Request request =
        DockerHttpClient.Request.builder()
            .method(DockerHttpClient.Request.Method.GET)
            .path(path)
            .build();
    DockerHttpClient.Response answer = http.within(LONG_TRANSFER).execute(request);
    if (answer.getStatusCode() == 200) {
      return Optional.of(
          new FilterInputStream(answer.getBody()) {
            @Override
            public void close() {
              answer.close();
            }
          });
    }
    try (answer) {
      if (answer.getStatusCode() == 404) {
        return Optional.empty();
      }
      throw failed(new String(answer.getBody().readAllBytes(), StandardCharsets.UTF_8), null);
    } catch (IOException e) {
      throw http.unavailable(e);
    }
  }

  /** Sends a tar as it is written, and fails unless all of it is taken. */
  void upload(String path, TarWriter writer) throws IOException {
    try (HttpAnswer answer = http.within(LONG_TRANSFER).upload(path, writer)) {
      if (answer.getStatusCode() != 200) {
        throw failed(message(answer), null);
      }
    }
  }

  private String message(HttpAnswer answer) {
    try {
      return new String(answer.getBody().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw http.unavailable(e);
    }
  }

  RecoveryException failed(String message, @Nullable Exception cause) {
    return new RecoveryException(
        ErrorCode.ENGINE_FAILED,
        "the container engine at %s answers: %s".formatted(http.target(), message.strip()),
        "look at the engine's log; what it says above is the cause.",
        cause);
  }

  /** CONTAINER_NOT_FOUND, listing those that exist. */
  RecoveryException containerNotFound(String idOrName, @Nullable Exception cause) {
    List<String> names =
        ask(docker -> docker.listContainersCmd().withShowAll(true).exec()).stream()
            .map(container -> name(container.getNames()[0]))
            .sorted()
            .toList();
    return new RecoveryException(
        ErrorCode.CONTAINER_NOT_FOUND,
        "there is no container %s on the engine at %s; it has %s"
            .formatted(
                idOrName, http.target(), names.isEmpty() ? "none" : String.join(", ", names)),
        "start it, or correct its name.",
        cause);
  }

  /** CONTAINER_NOT_FOUND for one that does not run. */
  static RecoveryException notRunning(String name, @Nullable Exception cause) {
    return new RecoveryException(
        ErrorCode.CONTAINER_NOT_FOUND,
        "container %s does not run".formatted(name),
        "start it (docker start %s), and look at why it stopped (docker logs %s)."
            .formatted(name, name),
        cause);
  }

  /** IMAGE_NOT_FOUND, listing those that exist. */
  RecoveryException imageNotFound(String reference, @Nullable Exception cause) {
    List<String> tags =
        ask(docker -> docker.listImagesCmd().exec()).stream()
            .flatMap(image -> Stream.ofNullable(image.getRepoTags()).flatMap(Arrays::stream))
            .sorted()
            .toList();
    return new RecoveryException(
        ErrorCode.IMAGE_NOT_FOUND,
        "there is no image %s on the engine at %s; it has %s"
            .formatted(reference, http.target(), tags.isEmpty() ? "none" : String.join(", ", tags)),
        "load or pull it first: nothing is ever pulled for you.",
        cause);
  }

  /** The engine puts a slash before the names of containers. */
  static String name(String engineName) {
    return engineName.startsWith("/") ? engineName.substring(1) : engineName;
  }

  /** Makes a value of an answer's body. */
  private interface Reader<T> {
    T read(InputStream body) throws IOException, InterruptedException;
  }

  private static DockerClient clientOver(EngineHttp http) {
    return DockerClientImpl.getInstance(CONFIG, http);
  }
}

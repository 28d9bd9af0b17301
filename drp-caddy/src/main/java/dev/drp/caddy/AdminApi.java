package dev.drp.caddy;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.ProxySettings;
import dev.drp.runtime.TimeLimit;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Caddy's admin API: what runs, what a Caddyfile means, another configuration. */
final class AdminApi {
  /** More than any configuration; what is longer is no answer of Caddy. */
  private static final int LONGEST_ANSWER = 64 << 20;

  private static final int HTTP_PORT = 80;
  private static final JsonMapper JSON = new JsonMapper();

  private final ProxySettings settings;
  private final Limits limits;
  private final URI base;
  private final HttpClient http;

  AdminApi(ProxySettings settings, Limits limits) {
    this.settings = settings;
    this.limits = limits;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(limits.connect())
            .followRedirects(HttpClient.Redirect.NEVER);
    if (settings.adminHost().isPresent()) {
      // Caddy wants its own name in the request. The JDK lets nobody set the header, but sends the
      // name to a proxy in the request line, from where a server takes it, too.
      URI tunnel = settings.admin();
      int port = tunnel.getPort() < 0 ? HTTP_PORT : tunnel.getPort();
      builder.proxy(ProxySelector.of(new InetSocketAddress(tunnel.getHost(), port)));
      this.base = URI.create("http://" + settings.adminHost().get());
    } else {
      builder.proxy(HttpClient.Builder.NO_PROXY);
      this.base = settings.admin();
    }
    this.http = builder.build();
  }

  /** What a Caddyfile means, in the words of this server. */
  record Adapted(CaddyConfiguration configuration, List<String> warnings) {}

  private record Answer(int status, String body) {}

  CaddyConfiguration running() {
    return new CaddyConfiguration(expect(get("/config/"), "give its configuration"));
  }

  /**
   * What the Caddyfile means now, imports included. The server itself reads it, by an import: so
   * relative paths are those that they are at its start, and errors name the file.
   */
  Adapted adapt() {
    Answer answer =
        sendAgain(
            post("/adapt", "text/caddyfile", "import " + settings.caddyfileSeenByCaddy() + "\n"));
    if (answer.status() == 400) {
      throw new RecoveryException(
          ErrorCode.PROXY_INVALID,
          "Caddy finds an error in %s: %s".formatted(settings.caddyfile(), error(answer)),
          "correct it there; until then Caddy goes on with what it runs, but would not start"
              + " again.");
    }
    JsonNode adapted = expect(answer, "read the Caddyfile");
    List<String> warnings = new ArrayList<>();
    for (JsonNode warning : adapted.path("warnings")) {
      warnings.add(
          "%s:%s: %s"
              .formatted(
                  warning.path("file").asText(),
                  warning.path("line").asText(),
                  warning.path("message").asText()));
    }
    return new Adapted(new CaddyConfiguration(adapted.path("result")), warnings);
  }

  /**
   * Replaces what runs; refused, it goes on as it was. An answer that is lost is no failure if the
   * new configuration runs.
   */
  void load(CaddyConfiguration configuration) {
    Answer answer;
    try {
      answer = send(post("/load", "application/json", configuration.json()));
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.INTERRUPTED || !running().equals(configuration)) {
        throw e;
      }
      return;
    }
    if (answer.status() != 200) {
      throw new RecoveryException(
          ErrorCode.PROXY_FAILED,
          "Caddy refuses the configuration: " + error(answer),
          "mend what it says (a port that is taken, a file that is missing), then do this again.");
    }
  }

  JsonNode upstreams() {
    return expect(get("/reverse_proxy/upstreams"), "tell its upstreams");
  }

  private Answer get(String path) {
    return sendAgain(request(path).GET().build());
  }

  private HttpRequest post(String path, String type, String body) {
    return request(path).header("Content-Type", type).POST(BodyPublishers.ofString(body)).build();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(base.resolve(path)).timeout(limits.answer());
  }

  /**
   * For what changes nothing: after a load, Caddy closes connections that are still in our pool.
   */
  private Answer sendAgain(HttpRequest request) {
    try {
      return send(request);
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.PROXY_UNAVAILABLE) {
        throw e;
      }
      return send(request);
    }
  }

  private Answer send(HttpRequest request) {
    try {
      HttpResponse<InputStream> response = http.send(request, BodyHandlers.ofInputStream());
      try (InputStream body = response.body();
          TimeLimit limit = TimeLimit.of(limits.answer(), () -> close(body))) {
        requireNonNull(limit);
        byte[] bytes = body.readNBytes(LONGEST_ANSWER);
        return new Answer(response.statusCode(), new String(bytes, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.PROXY_UNAVAILABLE,
          "Caddy's admin API at %s does not answer: %s".formatted(settings.admin(), e),
          "check that Caddy runs and that this is the address of its admin endpoint; `drp proxy"
              + " restart` starts it by the plan's command.",
          e);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("talking to Caddy's admin API", e);
    }
  }

  private static void close(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      // whoever reads it is told
    }
  }

  private JsonNode expect(Answer answer, String what) {
    if (answer.status() == 403) {
      throw new RecoveryException(
          ErrorCode.PROXY_FAILED,
          "Caddy's admin API at %s refuses us: %s".formatted(settings.admin(), error(answer)),
          "give the name that it knows itself by, such as localhost:2019, as proxy.admin-host.");
    }
    JsonNode json = answer.status() == 200 ? parse(answer.body()) : null;
    if (json == null || !(json.isObject() || json.isArray() || json.isNull())) {
      throw new RecoveryException(
          ErrorCode.PROXY_FAILED,
          "%s does not %s, as Caddy's admin API would: it answers with status %d and %s"
              .formatted(settings.admin(), what, answer.status(), Shown.text(answer.body())),
          "check that proxy.admin is the admin API of Caddy 2.6 or later.");
    }
    return json;
  }

  private static String error(Answer answer) {
    JsonNode json = parse(answer.body());
    JsonNode error = json == null ? null : json.get("error");
    return Shown.text(error == null ? answer.body() : error.asText());
  }

  private static @Nullable JsonNode parse(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return null;
    }
  }
}

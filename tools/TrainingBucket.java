import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * As much of an S3 service as the training of the class archive needs: one bucket in memory, which checks nothing. Tells its
 * port, and ends with its standard input.
 */
public final class TrainingBucket {
  private static final String UPLOAD = "uploadId=training";
  private static final Pattern PART = Pattern.compile("partNumber=(\\d+)");
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-");
  private static final Pattern PREFIX = Pattern.compile("(?:^|&)prefix=([^&]*)");
  private static final String OBJECT =
      "<Contents><Key>%s</Key><Size>%d</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>";

  private final TreeMap<String, byte[]> objects = new TreeMap<>();
  private final TreeMap<Integer, byte[]> parts = new TreeMap<>();

  public static void main(String[] arguments) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    TrainingBucket bucket = new TrainingBucket();
    server.createContext("/", bucket::answer);
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
    System.out.println(server.getAddress().getPort());
    System.in.read();
    System.exit(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] sent = exchange.getRequestBody().readAllBytes();
    try (exchange) {
      answer(exchange, exchange.getRequestURI().getPath(), String.valueOf(exchange.getRequestURI().getQuery()), sent);
    }
  }

  private synchronized void answer(HttpExchange exchange, String key, String query, byte[] sent) throws IOException {
    Matcher part = PART.matcher(query);
    switch (exchange.getRequestMethod()) {
      case "PUT" -> {
        if (part.find()) {
          parts.put(Integer.valueOf(part.group(1)), sent);
        } else {
          objects.put(key, sent);
        }
        send(exchange, 200, new byte[0], 0);
      }
      case "POST" -> {
        if (query.contains(UPLOAD)) {
          ByteArrayOutputStream whole = new ByteArrayOutputStream();
          parts.values().forEach(whole::writeBytes);
          parts.clear();
          objects.put(key, whole.toByteArray());
          text(exchange, "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>");
        } else {
          text(exchange, "<InitiateMultipartUploadResult><UploadId>training</UploadId></InitiateMultipartUploadResult>");
        }
      }
      case "DELETE" -> {
        objects.remove(key);
        exchange.sendResponseHeaders(204, -1);
      }
      default -> {
        if (query.contains("list-type")) {
          list(exchange, key.endsWith("/") ? key : key + "/", query);
        } else if (query.contains("uploads")) {
          text(exchange, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
        } else if (objects.containsKey(key)) {
          Matcher range = RANGE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
          boolean some = range.matches();
          send(exchange, some ? 206 : 200, objects.get(key), some ? Integer.parseInt(range.group(1)) : 0);
        } else {
          exchange.sendResponseHeaders(404, -1);
        }
      }
    }
  }

  private void list(HttpExchange exchange, String bucket, String query) throws IOException {
    Matcher prefix = PREFIX.matcher(query);
    String start = prefix.find() ? prefix.group(1) : "";
    StringBuilder found = new StringBuilder();
    String last = "";
    for (String key : objects.tailMap(bucket + start).keySet()) {
      String name = key.substring(bucket.length());
      if (!name.startsWith(start)) {
        break;
      }
      int slash = query.contains("delimiter") ? name.indexOf('/', start.length()) : -1;
      String entry = slash < 0
          ? OBJECT.formatted(name, objects.get(key).length)
          : "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>".formatted(name.substring(0, slash + 1));
      found.append(entry.equals(last) ? "" : entry);
      last = entry;
    }
    text(exchange, "<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>".formatted(found));
  }

  private static void text(HttpExchange exchange, String xml) throws IOException {
    exchange.getResponseHeaders().add("Content-Type", "application/xml");
    send(exchange, 200, xml.getBytes(StandardCharsets.UTF_8), 0);
  }

  private static void send(HttpExchange exchange, int status, byte[] body, int from) throws IOException {
    exchange.getResponseHeaders().add("ETag", "\"e\"");
    int length = body.length - from;
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().add("Content-Length", String.valueOf(length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, length == 0 ? -1 : length);
    if (length > 0) {
      try (OutputStream output = exchange.getResponseBody()) {
        output.write(body, from, length);
      }
    }
  }
}

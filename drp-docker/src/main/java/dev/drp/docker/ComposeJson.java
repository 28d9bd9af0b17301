package dev.drp.docker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ComposeConfiguration.Service;
import dev.drp.runtime.ComposeConfiguration.Volume;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The JSON of {@code docker compose config}, and of files for it. */
final class ComposeJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern PORTS = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

  private ComposeJson() {}

  static ComposeConfiguration configuration(String json) {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      // Without the cause: it quotes what it could not read, and that may be a password.
      throw new RecoveryException(
          ErrorCode.COMPOSE_INVALID,
          "docker compose config --format json does not print JSON",
          "install version 2 of Docker Compose: docker compose version");
    }
    Map<String, Service> services = new HashMap<>();
    root.path("services")
        .properties()
        .forEach(field -> services.put(field.getKey(), service(field.getValue())));
    Map<String, Volume> volumes = new HashMap<>();
    root.path("volumes")
        .properties()
        .forEach(
            field ->
                volumes.put(
                    field.getKey(),
                    new Volume(
                        field.getValue().path("name").asText(),
                        field.getValue().path("external").asBoolean())));
    return new ComposeConfiguration(services, volumes);
  }

  /** A file that gives services other images. */
  static String images(Map<String, String> imageByService) {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode services = root.putObject("services");
    new TreeMap<>(imageByService)
        .forEach((service, image) -> services.putObject(service).put("image", image));
    return root.toString();
  }

  /** A file with a service that has volumes, and no network. */
  static String volumes(String service, String image, Collection<String> volumes) {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode definition = root.putObject("services").putObject(service);
    definition.put("image", image).put("network_mode", "none");
    ArrayNode mounts = definition.putArray("volumes");
    for (String volume : volumes) {
      mounts
          .addObject()
          .put("type", "volume")
          .put("source", volume)
          .put("target", "/volumes/" + volume);
    }
    return root.toString();
  }

  private static Service service(JsonNode service) {
    List<String> dependsOn = new ArrayList<>();
    List<String> awaits = new ArrayList<>();
    for (var dependency : service.path("depends_on").properties()) {
      dependsOn.add(dependency.getKey());
      if (!dependency.getValue().path("condition").asText().equals("service_started")) {
        awaits.add(dependency.getKey());
      }
    }
    List<String> volumes = new ArrayList<>();
    for (JsonNode volume : service.path("volumes")) {
      if (volume.path("type").asText().equals("volume") && volume.hasNonNull("source")) {
        volumes.add(volume.path("source").asText());
      }
    }
    List<Integer> ports = new ArrayList<>();
    for (JsonNode port : service.path("ports")) {
      Matcher range = PORTS.matcher(port.path("published").asText());
      if (range.matches()) {
        int first = Integer.parseInt(range.group(1));
        int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
        for (int each = first; each <= last; each++) {
          ports.add(each);
        }
      }
    }
    JsonNode check = service.path("healthcheck");
    boolean disabled =
        check.path("disable").asBoolean() || check.at("/test/0").asText().equals("NONE");
    return new Service(
        Optional.ofNullable(service.path("image").textValue()),
        dependsOn,
        awaits,
        volumes,
        ports,
        check.has("test") && !disabled);
  }
}

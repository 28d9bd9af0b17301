package dev.drp.assessment;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.RecoveryException;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.SecretReference;
import dev.drp.runtime.Container;
import dev.drp.runtime.HiddenSecrets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What no output may show: secrets of containers, of env files, and those that the plan names. */
final class SecretsOfPlan {
  private static final Pattern VARIABLE =
      Pattern.compile("\\s*(?:export\\s+)?([A-Za-z_]\\w*)\\s*=\\s*(.*?)\\s*");
  private static final int LARGEST_FILE = 1 << 20;

  private final List<HiddenSecrets> secrets;

  /** None are known. */
  static final SecretsOfPlan NONE = new SecretsOfPlan(List.of());

  private SecretsOfPlan(List<HiddenSecrets> secrets) {
    this.secrets = secrets;
  }

  /** What is in files and variables; those of containers are added by {@link #with}. */
  static SecretsOfPlan of(ContingencyPlan plan, Environment environment) {
    Map<String, String> named = new LinkedHashMap<>();
    Set<Path> files = new LinkedHashSet<>();
    for (Environment each : plan.environments().values()) {
      each.database().ifPresent(it -> references(it).forEach(ref -> add(ref, named, files)));
    }
    environment.compose().ifPresent(it -> files.addAll(envFiles(it.directory())));
    return new SecretsOfPlan(
        Stream.concat(
                Stream.of(HiddenSecrets.of(named)),
                files.stream().map(it -> HiddenSecrets.of(variables(it))))
            .toList());
  }

  SecretsOfPlan with(Collection<Container> containers) {
    return new SecretsOfPlan(
        Stream.concat(secrets.stream(), Stream.of(HiddenSecrets.of(containers))).toList());
  }

  String hideIn(String text) {
    String hidden = text;
    for (HiddenSecrets each : secrets) {
      hidden = each.hideIn(hidden);
    }
    return hidden;
  }

  Reading hideIn(Reading reading) {
    return new Reading(
        reading.section(),
        reading.subject(),
        hideIn(reading.value()),
        reading.limit(),
        reading.state(),
        hideIn(reading.hint()),
        reading.lines().stream().map(this::hideIn).toList());
  }

  private static List<SecretReference> references(DatabaseSettings database) {
    return Stream.concat(
            database.password().stream(),
            database.superuser().stream().flatMap(it -> it.password().stream()))
        .toList();
  }

  private static void add(SecretReference reference, Map<String, String> named, Set<Path> files) {
    if (reference instanceof SecretReference.EnvFile file) {
      files.add(file.path());
    }
    try {
      named.put("secret " + named.size(), reference.resolve().reveal());
    } catch (RecoveryException e) {
      return; // one that cannot be read is printed by nobody
    }
  }

  /** The env files that lie beside Compose files. */
  private static List<Path> envFiles(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(it -> it.getFileName().toString().matches("\\.env.*|.*\\.env"))
          .filter(Files::isRegularFile)
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static Map<String, String> variables(Path file) {
    Map<String, String> variables = new LinkedHashMap<>();
    try {
      if (Files.size(file) > LARGEST_FILE) {
        return variables;
      }
      // Whatever is in it: a byte that is no UTF-8 in a comment must not show the secrets beside
      // it.
      for (String line : new String(Files.readAllBytes(file), UTF_8).lines().toList()) {
        Matcher matcher = VARIABLE.matcher(line);
        if (matcher.matches()) {
          variables.put(matcher.group(1), unquoted(matcher.group(2)));
        }
      }
    } catch (IOException e) {
      return variables; // no text, or not ours to read
    }
    return variables;
  }

  private static String unquoted(String value) {
    boolean quoted =
        value.length() >= 2
            && ((value.startsWith("\"") && value.endsWith("\""))
                || (value.startsWith("'") && value.endsWith("'")));
    return quoted ? value.substring(1, value.length() - 1) : value;
  }
}

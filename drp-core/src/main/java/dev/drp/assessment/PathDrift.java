package dev.drp.assessment;

import dev.drp.RecoveryException;
import dev.drp.assessment.Drift.Kind;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Nearest;
import dev.drp.plan.SecretReference;
import dev.drp.plan.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Files and folders that the plan names, each looked at by a question of its own. */
final class PathDrift {
  private final Questions questions;
  private final Map<String, Asked<Optional<Drift>>> asked = new LinkedHashMap<>();

  PathDrift(Questions questions) {
    this.questions = questions;
  }

  /** Begins to look at those of an environment; {@link #found} has them. */
  PathDrift askAbout(Environment environment) {
    String at = "environments." + environment.name();
    environment.compose().ifPresent(it -> compose(at + ".compose", it));
    for (int i = 0; i < environment.configuration().size(); i++) {
      if (environment.configuration().get(i).service().isEmpty()) {
        path(at + ".configuration[" + i + "]", environment.configuration().get(i).path());
      }
    }
    for (int i = 0; i < environment.logs().size(); i++) {
      path(at + ".logs[" + i + "]", environment.logs().get(i));
    }
    environment.database().ifPresent(it -> database(at + ".database", it));
    credentials(at + ".certificates", environment.certificates());
    credentials(at + ".secrets", environment.secrets());
    return this;
  }

  /** What the plan names besides environments. */
  List<Drift> ofPlan(ContingencyPlan plan) {
    for (Storage storage : plan.storages().values()) {
      String at = "storages." + storage.name();
      if (storage instanceof Storage.Directory it) {
        path(at + ".directory", it.directory());
      } else if (storage instanceof Storage.Sftp it) {
        it.key().ifPresent(key -> path(at + ".key", key));
        it.knownHosts().ifPresent(file -> path(at + ".known-hosts", file));
      } else if (storage instanceof Storage.S3 it) {
        secret(at + ".access-key", it.accessKey());
        secret(at + ".secret-key", it.secretKey());
      }
    }
    plan.syncedFolders()
        .values()
        .forEach(
            it -> {
              it.key().ifPresent(key -> path("synced-folders." + it.name() + ".key", key));
              it.knownHosts()
                  .ifPresent(file -> path("synced-folders." + it.name() + ".known-hosts", file));
            });
    return found();
  }

  List<Drift> found() {
    List<Drift> drifts = new ArrayList<>();
    asked.forEach(
        (path, it) -> {
          Asked.Answer<Optional<Drift>> answer = it.answer();
          answer
              .value()
              .orElseGet(
                  () ->
                      Optional.of(
                          new Drift(Kind.UNKNOWN, path, path, Optional.empty(), answer.problem())))
              .ifPresent(drifts::add);
        });
    return drifts;
  }

  private void compose(String at, ComposeSettings compose) {
    path(at + ".directory", compose.directory());
    for (int i = 0; i < compose.files().size(); i++) {
      path(at + ".files[" + i + "]", compose.filePaths().get(i));
    }
  }

  private void database(String at, DatabaseSettings database) {
    database.password().ifPresent(it -> secret(at + ".password", it));
    database
        .superuser()
        .flatMap(it -> it.password())
        .ifPresent(it -> secret(at + ".superuser.password", it));
    database.dataDirectory().ifPresent(it -> path(at + ".data-directory", it));
    database.tools().ifPresent(it -> path(at + ".tools", it));
  }

  /** Where one is kept is written for people; what begins like a path is one. */
  private void credentials(String at, List<Environment.Credential> credentials) {
    for (int i = 0; i < credentials.size(); i++) {
      String place = credentials.get(i).location().orElse("");
      if (place.startsWith("/") && place.indexOf('\0') < 0) {
        path(at + "[" + i + "].location", Path.of(place));
      }
    }
  }

  private void secret(String at, SecretReference reference) {
    asked.put(
        at,
        questions.ask(
            at,
            () -> {
              try {
                reference.resolve();
                return Optional.empty();
              } catch (RecoveryException e) {
                return Optional.of(
                    new Drift(
                        Kind.MISSING, at, reference.toString(), Optional.empty(), e.problem()));
              }
            }));
  }

  private void path(String at, Path path) {
    asked.put(at, questions.ask(at, () -> look(at, path)));
  }

  private static Optional<Drift> look(String at, Path path) {
    if (Files.exists(path)) {
      return Optional.empty();
    }
    return Optional.of(
        new Drift(
            Kind.MISSING,
            at,
            path.toString(),
            nearest(path),
            "there is no file or folder " + path));
  }

  private static Optional<String> nearest(Path path) {
    Path parent = path.getParent();
    Path name = path.getFileName();
    if (parent == null || name == null) {
      return Optional.empty();
    }
    try (Stream<Path> there = Files.list(parent)) {
      return Nearest.to(name.toString(), there.map(it -> it.getFileName().toString()).toList())
          .map(it -> parent.resolve(it).toString());
    } catch (IOException e) {
      return Optional.empty(); // the folder is missing too
    }
  }
}

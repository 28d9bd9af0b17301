package dev.drp.kit;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.CatalogEntry;
import dev.drp.backup.Coding;
import dev.drp.plan.ContingencyPlan;
import java.nio.file.Path;
import java.util.List;

/**
 * What goes into a kit, and where it is written.
 *
 * @param planFile where the plan was read from
 * @param program the class path of this program: jars, and folders of classes
 * @param mainClass what the program starts with
 * @param newest the newest good backup of each kind and environment
 * @param coding makes what is written unreadable but for the plan's recipients
 * @param plain whether it may be readable by everybody: then no secret goes into it
 * @param home of the account, for the files of SSH
 * @param folder where the kit and its page are written to
 */
public record KitRequest(
    ContingencyPlan plan,
    Path planFile,
    List<Path> program,
    String mainClass,
    List<CatalogEntry> newest,
    Coding coding,
    boolean plain,
    Path home,
    Path folder) {
  public KitRequest {
    requireNonNull(plan, "plan");
    requireNonNull(planFile, "planFile");
    requireNonNull(mainClass, "mainClass");
    requireNonNull(coding, "coding");
    requireNonNull(home, "home");
    requireNonNull(folder, "folder");
    program = List.copyOf(program);
    newest = List.copyOf(newest);
  }

  boolean encrypted() {
    return coding.encryption().isPresent();
  }
}

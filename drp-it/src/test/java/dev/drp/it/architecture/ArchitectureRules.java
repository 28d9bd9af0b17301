package dev.drp.it.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.onlyDependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;

/**
 * Who may depend on whom. A rule that matches no class fails.
 *
 * @param root the package above all modules' packages; another one for planted violations
 */
record ArchitectureRules(String root) {
  static final List<String> ADAPTERS = List.of("docker", "postgres", "caddy", "transfer");
  private static final String JACKSON = "com.fasterxml.jackson..";
  private static final String SNAKEYAML = "org.yaml.snakeyaml..";

  /** The core knows the JDK and a handful of libraries; no adapter, no vendor's library. */
  ArchRule coreDependsOnNothingButItself() {
    return classes()
        .that(belongToTheCore())
        .should(
            onlyDependOnClassesThat(
                belongToTheCore()
                    .or(
                        resideInAnyPackage(
                            "java..",
                            "javax.crypto..",
                            "javax.net.ssl..",
                            "javax.naming..",
                            "org.commonmark..",
                            "org.jspecify..",
                            "org.slf4j..",
                            "io.github.resilience4j..",
                            JACKSON,
                            SNAKEYAML))));
  }

  /** Files are parsed and written where they are described: plans, manifests, journals, reports. */
  ArchRule onlyFormatsAreParsed() {
    return classes()
        .that(belongToTheCore())
        .and(dependOn(JACKSON, SNAKEYAML))
        .should()
        .resideInAnyPackage(in("plan"), in("backup"), in("recovery"), in("report"));
  }

  /**
   * An adapter is one technology: it knows the core, and neither another adapter nor the wiring.
   */
  ArchRule adapterStandsAlone(String adapter) {
    String[] others =
        Stream.concat(ADAPTERS.stream(), Stream.of("cli"))
            .filter(other -> !other.equals(adapter))
            .map(this::in)
            .toArray(String[]::new);
    return noClasses()
        .that()
        .resideInAPackage(in(adapter))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others);
  }

  /** A vendor's library is used in the one module that is made for it. */
  ArchRule vendorStaysIn(String vendorPackage, String module) {
    return classes()
        .that(resideInAPackage(root + "..").and(dependOn(vendorPackage)))
        .should()
        .resideInAPackage(in(module));
  }

  /** The packages of the core can be read one after the other. */
  ArchRule coreHasNoCycles() {
    return slices().matching(root + ".(*)..").should().beFreeOfCycles();
  }

  DescribedPredicate<JavaClass> belongToTheCore() {
    String[] others =
        Stream.concat(ADAPTERS.stream(), Stream.of("cli", "it"))
            .map(this::in)
            .toArray(String[]::new);
    return resideInAPackage(root + "..")
        .and(not(resideInAnyPackage(others)))
        .as("belong to the core");
  }

  private static DescribedPredicate<JavaClass> dependOn(String... packages) {
    DescribedPredicate<JavaClass> target = resideInAnyPackage(packages);
    return describe(
        "depend on " + String.join(" or ", packages),
        type ->
            type.getDirectDependenciesFromSelf().stream()
                .anyMatch(dependency -> target.test(dependency.getTargetClass())));
  }

  private String in(String module) {
    return root + "." + module + "..";
  }
}

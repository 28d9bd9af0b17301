package dev.drp.it.architecture;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule holds for the product, and fails for a violation that was planted for it. */
class ArchitectureTest {
  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.drp");
  private static final ArchitectureRules RULES = new ArchitectureRules("dev.drp");

  private static final String PLANTED_ROOT = "dev.drp.it.architecture.planted";
  private static final JavaClasses PLANTED = new ClassFileImporter().importPackages(PLANTED_ROOT);
  private static final ArchitectureRules PLANTED_RULES = new ArchitectureRules(PLANTED_ROOT);

  @Test
  void theCoreDependsOnNoAdapterAndNoVendor() {
    RULES.coreDependsOnNothingButItself().check(PRODUCT);

    assertCaught(PLANTED_RULES.coreDependsOnNothingButItself(), "backup.KnowsAnAdapter");
    assertCaught(PLANTED_RULES.coreDependsOnNothingButItself(), "backup.KnowsAVendor");
  }

  @Test
  void theCoreParsesOnlyWhereFormatsAreDescribed() {
    RULES.onlyFormatsAreParsed().check(PRODUCT);

    assertCaught(PLANTED_RULES.onlyFormatsAreParsed(), "runtime.ParsesJson");
  }

  @Test
  void theCoreHasNoPackageCycles() {
    RULES.coreHasNoCycles().check(PRODUCT.that(RULES.belongToTheCore()));

    assertCaught(PLANTED_RULES.coreHasNoCycles(), "Cycle detected");
  }

  @ParameterizedTest
  @MethodSource("adapters")
  void anAdapterDependsOnNoOtherAdapterNorOnTheCommandLine(String adapter) {
    RULES.adapterStandsAlone(adapter).check(PRODUCT);
  }

  static Stream<String> adapters() {
    return ArchitectureRules.ADAPTERS.stream();
  }

  @Test
  void anAdapterThatDependsOnAnotherOrOnTheCommandLineIsCaught() {
    assertCaught(PLANTED_RULES.adapterStandsAlone("docker"), "docker.KnowsAnotherAdapter");
    assertCaught(PLANTED_RULES.adapterStandsAlone("postgres"), "postgres.KnowsTheCommandLine");
  }

  @ParameterizedTest
  @CsvSource({
    "com.github.dockerjava.., docker",
    "org.postgresql.., postgres",
    "picocli.., cli",
    "com.github.luben.zstd.., transfer",
    "com.exceptionfactory.jagged.., transfer",
    "org.conscrypt.., transfer",
    "software.amazon.awssdk.., transfer",
    "net.schmizz.., transfer",
    "com.hierynomus.., transfer",
  })
  void aVendorsLibraryStaysInItsModule(String vendorPackage, String module) {
    RULES.vendorStaysIn(vendorPackage, module).check(PRODUCT);
  }

  @Test
  void aVendorsLibraryElsewhereIsCaught() {
    assertCaught(
        PLANTED_RULES.vendorStaysIn("org.postgresql..", "postgres"), "docker.KnowsAnothersVendor");
  }

  @Test
  void aRuleThatMatchesNothingFails() {
    assertThatThrownBy(() -> PLANTED_RULES.vendorStaysIn("org.misspelt..", "docker").check(PLANTED))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("failed to check any classes");
    assertThatThrownBy(() -> RULES.adapterStandsAlone("misspelt").check(PRODUCT))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("failed to check any classes");
  }

  private static void assertCaught(ArchRule rule, String culprit) {
    assertThatThrownBy(() -> rule.check(PLANTED))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining(culprit);
  }
}

package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Keeps the JSON schema and the reference in step with the records. After a change of the records,
 * {@code mvn test -pl drp-core -Dtest=PublishedGrammarTest -Ddrp.publish=true} writes both anew.
 */
class PublishedGrammarTest {
  private static final String BEGIN = "<!-- made from the records: begin -->\n";
  private static final String END = "<!-- made from the records: end -->\n";

  @Test
  void theSchemaIsThatOfTheRecords() throws IOException {
    assertPublished(ExamplePlanTest.file("docs/drp.schema.json"), PlanSchema.json());
  }

  @Test
  void theReferenceIsThatOfTheRecords() throws IOException {
    Path file = ExamplePlanTest.file("docs/plan-file.md");
    String published = Files.readString(file);
    int begin = published.indexOf(BEGIN) + BEGIN.length();
    int end = published.indexOf(END);
    assertThat(end).isGreaterThanOrEqualTo(begin);

    assertPublished(
        file,
        published.substring(0, begin)
            + "\n"
            + PlanReference.markdown()
            + "\n"
            + published.substring(end));
  }

  private static void assertPublished(Path file, String expected) throws IOException {
    if (Boolean.getBoolean("drp.publish")) {
      Files.writeString(file, expected);
    }
    assertThat(file).content().isEqualTo(expected);
  }
}

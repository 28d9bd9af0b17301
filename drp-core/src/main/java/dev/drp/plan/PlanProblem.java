package dev.drp.plan;

/**
 * Something wrong in a plan file, with where it is and what to write instead. Empty texts mean that
 * there is nothing to say.
 *
 * @param line from 1
 * @param column from 1
 * @param path property path, such as {@code backups.database-6h.to[1]}; empty for the whole file
 * @param found what is there; never a secret
 * @param expected what should be there
 * @param hint what to do
 * @param nearest the known key or name that was probably meant
 */
public record PlanProblem(
    Severity severity,
    int line,
    int column,
    String path,
    String found,
    String expected,
    String hint,
    String nearest) {
  /** Whether a plan with the problem can be used. */
  public enum Severity {
    ERROR,
    WARNING
  }

  /** One line for a person, without severity. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("line ").append(line).append(", column ").append(column).append(": ");
    if (!path.isEmpty()) {
      text.append(path).append(": ");
    }
    text.append("found ").append(found).append("; expected ").append(expected);
    if (!nearest.isEmpty()) {
      text.append("; did you mean '").append(nearest).append("'?");
    }
    if (!hint.isEmpty()) {
      text.append(" (").append(hint).append(')');
    }
    return text.toString();
  }
}

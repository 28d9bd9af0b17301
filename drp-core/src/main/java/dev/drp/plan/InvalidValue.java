package dev.drp.plan;

/** A text that is not what its type asks for. */
final class InvalidValue extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String found;
  private final String expected;
  private final String hint;

  InvalidValue(String found, String expected, String hint) {
    super(found + "; expected " + expected + (hint.isEmpty() ? "" : "; " + hint));
    this.found = found;
    this.expected = expected;
    this.hint = hint;
  }

  String found() {
    return found;
  }

  String expected() {
    return expected;
  }

  String hint() {
    return hint;
  }
}

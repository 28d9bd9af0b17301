package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Turns what a server says into our errors, one wording for each. */
final class Failures {
  static final String NO_SUCH_DATABASE = "3D000";
  static final String OBJECT_IN_USE = "55006";

  private final String place;
  private final String user;

  Failures(String place, String user) {
    this.place = place;
    this.user = user;
  }

  RecoveryException of(SQLException e, String doing) {
    RecoveryException ours = ours(e);
    if (ours != null) {
      return ours;
    }
    String state = String.valueOf(e.getSQLState());
    String problem = "%s: cannot %s: %s".formatted(place, doing, said(e));
    return switch (state) {
      case "28P01" ->
          new RecoveryException(
              ErrorCode.DATABASE_ACCESS_DENIED,
              problem,
              "is the password of role %s in the plan the one that the server knows?"
                  .formatted(user),
              e);
      case "28000" ->
          new RecoveryException(
              ErrorCode.DATABASE_ACCESS_DENIED,
              problem,
              "does role %s exist there, and does pg_hba.conf let it in from here? Peer"
                      .formatted(user)
                  + " authentication needs this program to run as the account of that name; host"
                  + " 127.0.0.1 with a password does not.",
              e);
      case "42501" ->
          new RecoveryException(
              ErrorCode.DATABASE_ACCESS_DENIED,
              problem,
              "role %s may not do this; name a superuser under database.superuser in the plan."
                  .formatted(user),
              e);
      case NO_SUCH_DATABASE ->
          new RecoveryException(
              ErrorCode.DATABASE_NOT_FOUND, problem, "which databases does the server have?", e);
      case "53100" ->
          new RecoveryException(
              ErrorCode.OUT_OF_SPACE, problem, "make space on the server's disk.", e);
      case "57014", "55P03" ->
          new RecoveryException(
              ErrorCode.TIMED_OUT, problem, "look what else is at work on the server.", e);
      case "57P01", "57P02", "57P03", "53300", "57P05" ->
          new RecoveryException(
              ErrorCode.DATABASE_UNAVAILABLE,
              problem,
              "the server is starting, stopping or full; look at its log.",
              e);
      default ->
          state.startsWith("08")
              ? new RecoveryException(
                  ErrorCode.DATABASE_UNAVAILABLE,
                  problem,
                  "does the server run, and does it listen there?",
                  e)
              : new RecoveryException(
                  ErrorCode.DATABASE_FAILED,
                  problem,
                  "what the server said above is the cause (SQLSTATE %s).".formatted(state),
                  e);
    };
  }

  RecoveryException noSuchDatabase(String database, List<String> existing, SQLException cause) {
    return new RecoveryException(
        ErrorCode.DATABASE_NOT_FOUND,
        "%s has no database %s".formatted(place, database),
        existing.isEmpty()
            ? "it has no database of users at all."
            : "it has: %s.".formatted(String.join(", ", existing)),
        cause);
  }

  RecoveryException refused(String problem, String hint) {
    return new RecoveryException(ErrorCode.REFUSED, place + ": " + problem, hint);
  }

  String place() {
    return place;
  }

  String user() {
    return user;
  }

  private static @Nullable RecoveryException ours(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RecoveryException ours) {
        return ours;
      }
    }
    return null;
  }

  private static String said(SQLException e) {
    if (e instanceof PSQLException fromDriver) {
      ServerErrorMessage message = fromDriver.getServerErrorMessage();
      if (message != null && message.getMessage() != null) {
        return message.getMessage()
            + (message.getDetail() == null ? "" : " (" + message.getDetail() + ")");
      }
    }
    Throwable cause = e.getCause();
    return e.getMessage() + (cause == null ? "" : " (" + cause.getMessage() + ")");
  }
}

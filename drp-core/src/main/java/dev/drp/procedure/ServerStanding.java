package dev.drp.procedure;

import dev.drp.recovery.Execution;
import dev.drp.recovery.StepState;
import java.nio.file.Path;

/** Says which files of a server stand where after an execution of its restore, however it ended. */
record ServerStanding(RestoreRequest request) {
  String text(Execution execution) {
    return request.into().isPresent()
        ? whatStandsIn(request.into().get(), execution)
        : whatStandsLive(execution);
  }

  private String whatStandsIn(Path folder, Execution execution) {
    return switch (execution.stepExecution(RestoreServer.PLACE).state()) {
      case NOT_STARTED, SKIPPED, UNDONE ->
          "The live server was not touched." + ofRecovered(execution);
      case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED ->
          "The live server was not touched. Folder %s is a data directory; no server runs on it."
              .formatted(folder);
      case FAILED, RUNNING, TIMED_OUT, UNKNOWN, UNDOING, UNDO_FAILED ->
          "The live server was not touched. Files in folder %s are on their way; resume goes on."
              .formatted(folder);
    };
  }

  private String whatStandsLive(Execution execution) {
    String aside = RestoreServer.asideName(execution.id());
    return switch (execution.stepExecution(RestoreServer.SWITCH).state()) {
      case NOT_STARTED, SKIPPED -> "The live server was not touched." + ofRecovered(execution);
      case UNDONE ->
          "The server runs on the files that it had before; what was restored is kept as %s."
              .formatted(aside);
      case SUCCEEDED, ALREADY_DONE, FAILED_IGNORED ->
          "The server runs on the restored files; what they replaced is kept as %s."
              .formatted(aside);
      case FAILED, RUNNING, TIMED_OUT, UNKNOWN, UNDOING, UNDO_FAILED ->
          "The server may be stopped, with files in %s on their way; resume finishes the switch,"
                  .formatted(aside)
              + " undo takes it back.";
    };
  }

  private String ofRecovered(Execution execution) {
    if (request.delta()) {
      return execution.stepExecution(RestoreServer.RECOVER).state() == StepState.NOT_STARTED
          ? ""
          : " The files of folder %s are in its folder %s while they are repaired; resume goes on,"
                  .formatted(request.into().orElseThrow(), RestoreServer.asideName(execution.id()))
              + " undo puts them back.";
    }
    return switch (execution.stepExecution(RestoreServer.RECOVER).state()) {
      case NOT_STARTED, SKIPPED -> "";
      case UNDONE -> " The recovered files were removed.";
      case UNDO_FAILED, UNDOING -> " The recovered files could not be removed.";
      case RUNNING, SUCCEEDED, ALREADY_DONE, FAILED, FAILED_IGNORED, TIMED_OUT, UNKNOWN ->
          " What is recovered so far is kept as %s; resume goes on, undo removes it."
              .formatted(RestoreServer.asideName(execution.id()));
    };
  }
}

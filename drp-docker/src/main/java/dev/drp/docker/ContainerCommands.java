package dev.drp.docker;

import com.github.dockerjava.api.command.ExecCreateCmd;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandMark;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.RunningCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Runs programs in one container. */
final class ContainerCommands implements CommandRunner {
  private final Engine engine;
  private final Container container;
  private final Set<String> cleaned;
  private final ProgramEnder ender;

  /**
   * @param cleaned containers without orphans, and containers with accounts whose orphans were
   *     looked for already; shared and safe for concurrent use
   */
  ContainerCommands(Engine engine, Container container, Set<String> cleaned) {
    this.engine = engine;
    this.container = container;
    this.cleaned = cleaned;
    this.ender = new ProgramEnder(unmarked());
  }

  @Override
  public String place() {
    return "container " + container.name();
  }

  /** Before the first one of an account: ends what a killed run left there. */
  @Override
  public RunningCommand start(Command command) {
    if (!cleaned.contains(container.id())
        && cleaned.add(container.id() + " " + command.user().orElse(""))) {
      ender.endOrphans(command.user());
    }
    return start(command, Optional.of(CommandMark.next()));
  }

  /** Runs what looks for programs and ends them; it is not to find itself. */
  private CommandRunner unmarked() {
    return new CommandRunner() {
      @Override
      public RunningCommand start(Command command) {
        return ContainerCommands.this.start(command, Optional.empty());
      }

      @Override
      public String place() {
        return ContainerCommands.this.place();
      }
    };
  }

  private RunningCommand start(Command command, Optional<String> mark) {
    String exec = create(command, mark);
    try {
      DuplexStream stream =
          engine.http().upgrade("/exec/" + exec + "/start", "{\"Detach\":false,\"Tty\":false}");
      Runnable end = mark.isPresent() ? () -> ender.end(command.user(), mark.get()) : () -> {};
      return new ExecCommand(engine, place(), command, exec, stream, end);
    } catch (EngineHttp.EngineRefusedException e) {
      throw e.status() == 409
          ? Engine.notRunning(container.name(), e)
          : engine.failed(String.valueOf(e.getMessage()), e);
    }
  }

  private String create(Command command, Optional<String> mark) {
    List<String> environment = new ArrayList<>();
    command.environment().forEach((name, value) -> environment.add(name + "=" + value.reveal()));
    mark.ifPresent(id -> environment.add(CommandMark.VARIABLE + "=" + id));
    return engine.ask(
        docker -> {
          try {
            ExecCreateCmd create =
                docker
                    .execCreateCmd(container.id())
                    .withCmd(command.arguments().toArray(String[]::new))
                    .withEnv(environment)
                    .withUser(command.user().orElse(""))
                    .withAttachStdin(true)
                    .withAttachStdout(true)
                    .withAttachStderr(true);
            return engine.unlogged().createExecCmdExec().exec(create).getId();
          } catch (NotFoundException e) {
            throw engine.containerNotFound(container.name(), e);
          } catch (ConflictException e) {
            throw Engine.notRunning(container.name(), e);
          }
        });
  }
}

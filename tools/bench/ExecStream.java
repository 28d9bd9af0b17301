import dev.drp.docker.DockerContainerRuntime;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.RunningCommand;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** Streams out of a program in a container to standard output, or from standard input into one. */
public final class ExecStream {
  public static void main(String[] arguments) throws Exception {
    boolean out = arguments[0].equals("out");
    try (ContainerRuntime docker = DockerContainerRuntime.of(System.getenv())) {
      CommandRunner commands = docker.commandsIn(docker.container(arguments[1]));
      Command command =
          out ? Command.of("cat", "/tmp/data") : Command.of("sh", "-c", "cat > /dev/null");
      try (RunningCommand running = commands.start(command.within(Duration.ofMinutes(10)))) {
        if (out) {
          running.stdin().close();
          copy(running.stdout(), new FileOutputStream(FileDescriptor.out));
        } else {
          copy(new FileInputStream(FileDescriptor.in), running.stdin());
          running.stdin().close();
          running.stdout().readAllBytes();
        }
        running.await().requireSuccess();
      }
    }
  }

  private static void copy(InputStream input, OutputStream output) throws IOException {
    byte[] buffer = new byte[256 * 1024];
    for (int read; (read = input.read(buffer)) >= 0; ) {
      output.write(buffer, 0, read);
    }
  }
}

package dev.drp.transfer;

import java.io.IOException;
import net.schmizz.sshj.common.Buffer.BufferException;
import net.schmizz.sshj.common.DisconnectReason;
import net.schmizz.sshj.common.Message;
import net.schmizz.sshj.common.SSHException;
import net.schmizz.sshj.common.SSHPacket;
import net.schmizz.sshj.connection.Connection;
import net.schmizz.sshj.connection.ConnectionException;
import net.schmizz.sshj.connection.channel.ChannelInputStream;
import net.schmizz.sshj.connection.channel.direct.SessionChannel;

/**
 * The channel to an SFTP service. Answers are put together from each packet of SSH as it is
 * deciphered: sshj's own engine copies each byte three times more on the way there, and hands it on
 * between two threads more.
 */
final class SftpChannel extends SessionChannel {
  private final SftpAnswers answers;

  private SftpChannel(Connection connection, SftpAnswers answers) {
    super(connection);
    this.answers = answers;
  }

  /** Opens a channel, and starts the service in it. */
  static SftpChannel open(Connection connection, SftpAnswers answers) throws IOException {
    SftpChannel channel = new SftpChannel(connection, answers);
    channel.open();
    channel.startSubsystem("sftp");
    return channel;
  }

  @Override
  protected void receiveInto(ChannelInputStream stream, SSHPacket packet) throws SSHException {
    if (stream != getInputStream()) {
      super.receiveInto(stream, packet); // what the service says on its standard error
      return;
    }
    int length = length(packet);
    lwin.consume(length);
    answers.take(packet.array(), packet.rpos(), length);
    openWindow();
  }

  private int length(SSHPacket packet) throws ConnectionException {
    try {
      int length = packet.readUInt32AsInt();
      if (length >= 0 && length <= getLocalMaxPacketSize() && length <= packet.available()) {
        return length;
      }
      throw new ConnectionException(
          DisconnectReason.PROTOCOL_ERROR, "a piece of %d bytes".formatted(length));
    } catch (BufferException e) {
      throw new ConnectionException(e);
    }
  }

  /**
   * Lets the server send on, also while nobody awaits what has come: it sends no more than it was
   * asked for.
   */
  private void openWindow() throws SSHException {
    long used = conn.getWindowSize() - lwin.getSize();
    if (used >= conn.getWindowSize() / 2) {
      trans.write(newBuffer(Message.CHANNEL_WINDOW_ADJUST).putUInt32(used));
      lwin.expand(used);
    }
  }

  @Override
  public void notifyError(SSHException error) {
    if (answers != null) { // the connection may break while this is made
      answers.end(error);
    }
    super.notifyError(error);
  }

  @Override
  protected void eofInputStreams() {
    answers.end(new IOException("the SFTP service ended"));
    super.eofInputStreams();
  }

  @Override
  protected void closeAllStreams() {
    answers.end(new IOException("the SFTP service ended"));
    super.closeAllStreams();
  }
}

package dev.drp.transfer;

import net.schmizz.sshj.common.Buffer.BufferException;
import net.schmizz.sshj.sftp.PacketType;
import net.schmizz.sshj.sftp.SFTPException;
import net.schmizz.sshj.sftp.SFTPPacket;
import org.jspecify.annotations.Nullable;

/** A packet that an SFTP server sent; what follows its type and its number is to be read. */
final class SftpReply extends SFTPPacket<SftpReply> {
  private final @Nullable PacketType type;
  private final long number;

  /**
   * @param packet without its length; not copied
   */
  SftpReply(byte[] packet) throws SFTPException, BufferException {
    data = packet;
    wpos = packet.length;
    type = readType();
    number = type == PacketType.VERSION ? SftpAnswers.VERSION : readUInt32();
  }

  /** Null for one that nobody knows. */
  @Nullable PacketType type() {
    return type;
  }

  /** Which request it answers. */
  long number() {
    return number;
  }
}

package dev.drp.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import net.schmizz.concurrent.Promise;
import net.schmizz.sshj.SSHClient;
import net.schmizz.sshj.sftp.PacketType;
import net.schmizz.sshj.sftp.Request;
import net.schmizz.sshj.sftp.Response;
import net.schmizz.sshj.sftp.SFTPEngine;
import net.schmizz.sshj.sftp.SFTPException;

/** Requests on their way; those that carry much are not copied into one buffer before. */
final class SftpRequests extends SFTPEngine {
  SftpRequests(SSHClient client) throws IOException {
    super(client);
    init();
  }

  /** Sends bytes of a file. They may change as soon as this returns. */
  synchronized Promise<Response, SFTPException> write(
      byte[] handle, long offset, byte[] data, int length) throws IOException {
    Request head =
        newRequest(PacketType.WRITE).putString(handle).putUInt64(offset).putUInt32(length);
    Promise<Response, SFTPException> answer = reader.expectResponseTo(head.getRequestID());
    int headBytes = head.available();
    out.write(ByteBuffer.allocate(Integer.BYTES).putInt(headBytes + length).array());
    out.write(head.array(), head.rpos(), headBytes);
    out.write(data, 0, length);
    out.flush();
    return answer;
  }
}

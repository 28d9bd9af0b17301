import java.net.URI;
import java.nio.file.Path;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/** The S3 server of the tests, on its own: tells its port, and ends with its standard input. */
public final class S3Service {
  public static void main(String[] arguments) throws Exception {
    FilesystemNio2BlobStore blobs = new FilesystemNio2BlobStore(Path.of(arguments[0]).toString());
    blobs.createContainer(arguments[1]);
    S3Proxy server =
        S3Proxy.builder()
            .blobStore(blobs)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .awsAuthentication(AuthenticationType.AWS_V4, arguments[2], arguments[3])
            .build();
    server.start();
    System.out.println(server.getPort());
    System.in.read();
    System.exit(0);
  }
}

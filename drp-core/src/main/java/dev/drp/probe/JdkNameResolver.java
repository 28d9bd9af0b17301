package dev.drp.probe;

import dev.drp.RecoveryException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.Attributes;
import javax.naming.directory.DirContext;
import javax.naming.directory.InitialDirContext;

/**
 * Asks with the means of the JDK: a certain name server by its DNS provider (module
 * jdk.naming.dns), the system's as everybody else on this machine, {@code /etc/hosts} included.
 */
public final class JdkNameResolver implements NameResolver {
  private static final String[] TYPES = {"A", "AAAA"};

  @Override
  public Resolution resolve(String name, String server, Duration limit) {
    // A resolver of the system can take longer than anybody waits, and does not hear interrupts.
    FutureTask<Resolution> task =
        new FutureTask<>(
            () -> server.equals(SYSTEM) ? bySystem(name) : byServer(name, server, limit));
    Thread thread = new Thread(task, "resolve " + name);
    thread.setDaemon(true);
    thread.start();
    try {
      return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return failed(name, server, "no answer within %d ms".formatted(limit.toMillis()));
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("asking for the addresses of " + name, e);
    } catch (ExecutionException e) {
      return failed(name, server, String.valueOf(e.getCause()));
    }
  }

  private static Resolution bySystem(String name) {
    try {
      return found(
          name,
          SYSTEM,
          Arrays.stream(InetAddress.getAllByName(name)).map(InetAddress::getHostAddress).toList());
    } catch (UnknownHostException e) {
      return failed(name, SYSTEM, "it has no address");
    }
  }

  /**
   * Of JNDI, only the provider for DNS, and only attributes are read: nothing is looked up that
   * could become an object. The table is what its constructor wants.
   */
  @SuppressWarnings({"BanJNDI", "JdkObsolete"})
  private static Resolution byServer(String name, String server, Duration limit) {
    Hashtable<String, String> settings = new Hashtable<>();
    settings.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
    settings.put(Context.PROVIDER_URL, "dns://%s/".formatted(server));
    settings.put("com.sun.jndi.dns.timeout.initial", String.valueOf(limit.toMillis() / 2));
    settings.put("com.sun.jndi.dns.timeout.retries", "1");
    try {
      DirContext context = new InitialDirContext(settings);
      try {
        return found(name, server, addresses(context.getAttributes(name, TYPES)));
      } finally {
        context.close();
      }
    } catch (NameNotFoundException e) {
      return failed(name, server, "it has no address");
    } catch (NamingException e) {
      return failed(name, server, String.valueOf(e.getMessage()));
    }
  }

  private static List<String> addresses(Attributes attributes) throws NamingException {
    List<String> addresses = new ArrayList<>();
    for (String type : TYPES) {
      Attribute attribute = attributes.get(type);
      if (attribute != null) {
        NamingEnumeration<?> values = attribute.getAll();
        while (values.hasMore()) {
          addresses.add(String.valueOf(values.next()));
        }
      }
    }
    return addresses;
  }

  private static Resolution found(String name, String server, List<String> addresses) {
    return addresses.isEmpty()
        ? failed(name, server, "it has no address")
        : new Resolution(name, server, addresses.stream().sorted().toList(), "");
  }

  private static Resolution failed(String name, String server, String problem) {
    return new Resolution(name, server, List.of(), problem);
  }
}

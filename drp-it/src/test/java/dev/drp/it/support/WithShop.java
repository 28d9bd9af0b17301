package dev.drp.it.support;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Gives each test a shop of its own, in a folder of its own, on one server for all of a class. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class WithShop {
  protected final HostPostgres server = HostPostgres.start();

  @TempDir protected Path folder;
  protected Shop shop;

  @BeforeEach
  final void openShop() throws IOException, SQLException {
    shop = Shop.open(server, folder);
  }

  @AfterEach
  final void closeShop() throws SQLException {
    shop.close();
  }

  @AfterAll
  final void closeServer() {
    server.close();
  }
}

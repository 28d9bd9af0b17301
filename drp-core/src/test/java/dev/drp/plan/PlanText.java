package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;

/** A small plan file, and what comes of it when some of its text is another. */
final class PlanText {
  static final String PLAN =
      """
      format: 1
      application: Shop
      objectives: { recovery-time: 4h, recovery-point: 1 day }
      sites:
        primary: { host: local }
      environments:
        production:
          site: primary
          compose: { project: shop, directory: /srv/shop }
          database:
            service: db
            name: shop
            user: shop
            password: env:SHOP_PASSWORD
      storages:
        local: { directory: /var/backups, off-site: true }
      backups:
        daily: { environment: production, kind: logical, every: 1d, keep: 7d, to: [local] }
      drills:
        restore: { environment: production, kind: restore, every: 1 month }
      """;

  private PlanText() {}

  static LoadedPlan load(String text) {
    return PlanLoader.load(text, Path.of("/plans/drp.yaml"));
  }

  /** Loads the plan with one piece of its text replaced. */
  static LoadedPlan with(String piece, String replacement) {
    assertThat(PLAN).contains(piece);
    return load(PLAN.replace(piece, replacement));
  }

  /** The one problem of the plan with one piece of its text replaced. */
  static PlanProblem problemWith(String piece, String replacement) {
    List<PlanProblem> problems = with(piece, replacement).problems();
    assertThat(problems).hasSize(1);
    return problems.get(0);
  }
}

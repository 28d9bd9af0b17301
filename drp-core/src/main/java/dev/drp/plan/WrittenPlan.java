package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the plan holds for people: who, what for, how to tell. Nothing here is executed yet. */
public record WrittenPlan(
    @Key("facts about the plan as a document") @NotActedOnYet Document document,
    @Key("what the plan covers and what it does not") @NotActedOnYet Scope scope,
    @Key("what the organisation promises beyond the objectives") @NotActedOnYet List<Goal> goals,
    @Key("what the application is made of") @NotActedOnYet List<Component> components,
    @Key("people who are called, by a name for their role") @NotActedOnYet
        Map<String, Contact> contacts,
    @Key("who helps from outside") @NotActedOnYet List<SupportContact> support,
    @Key("whom to call when, and in which order") @NotActedOnYet Escalation escalation,
    @Key("levels of incidents, such as p1 to p4") @NotActedOnYet Map<String, Severity> severities,
    @Key("texts to send during an incident") @NotActedOnYet
        Map<String, IncidentTemplate> incidentTemplates,
    @Key("what makes a change of the plan necessary") @NotActedOnYet List<ChangeRule> changes,
    @Key("where to find more") @NotActedOnYet List<Link> links,
    @Key("the regular report") @NotActedOnYet Optional<Reports> reports) {
  /** A plan that says nothing to people. */
  public static final WrittenPlan NONE =
      new WrittenPlan(
          new Document(
              Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), List.of()),
          new Scope(List.of(), List.of()),
          List.of(),
          List.of(),
          Map.of(),
          List.of(),
          new Escalation(Optional.empty(), Optional.empty(), List.of()),
          Map.of(),
          Map.of(),
          List.of(),
          List.of(),
          Optional.empty());

  /** The plan as a document. */
  public record Document(
      @Key("version of the plan") Optional<String> version,
      @Key("who may read it, such as confidential") Optional<String> classification,
      @Key("day of the last change") Optional<LocalDate> updated,
      @Key("who is responsible for it") Optional<String> owner,
      @Key("what changed in which version") List<Revision> history) {
    public Document {
      history = List.copyOf(history);
    }
  }

  /** One version of the plan. */
  public record Revision(
      @Key("the version") String version,
      @Key("its day") LocalDate date,
      @Key("who made it") Optional<String> author,
      @Key("what changed") List<String> changes) {
    public Revision {
      changes = List.copyOf(changes);
    }
  }

  /** What the plan is about. */
  public record Scope(
      @Key("what it covers") List<String> covered,
      @Key("what it leaves out") List<String> excluded) {
    public Scope {
      covered = List.copyOf(covered);
      excluded = List.copyOf(excluded);
    }
  }

  /** A promise with a time limit, such as to inform everyone within 30 minutes. */
  public record Goal(
      @Key("the goal, in a few words") String name,
      @Key("what is promised") Optional<String> description,
      @Key("by when; 0 for at once") Optional<Duration> within) {}

  /** A part of the application or of what it runs on. */
  public record Component(
      @Key("the part") String name,
      @Key("what it is made with") Optional<String> technology,
      @Key("its version") Optional<String> version,
      @Key("where it is") Optional<String> location,
      @Key("how much depends on it") Criticality criticality,
      @Key("what it needs") List<String> dependsOn) {
    public Component {
      requireNonNull(criticality, "criticality");
      dependsOn = List.copyOf(dependsOn);
    }
  }

  /** Somebody to call. */
  public record Contact(
      @NameOfEntry String key,
      @Key("the role") String role,
      @Key("the person") Optional<String> name,
      @Key("telephone") Optional<String> phone,
      @Key("e-mail") Optional<String> email,
      @Key("what this person decides and does") List<String> responsibilities) {
    public Contact {
      responsibilities = List.copyOf(responsibilities);
      Rules.of("contact " + key)
          .name(key)
          .check(!role.isBlank(), "role", Text.quote(role), "a role")
          .enforce();
    }
  }

  /** Help from outside: a provider, a vendor, a forum. */
  public record SupportContact(
      @Key("the provider or product") String service,
      @Key("how to reach it") String contact,
      @Key("when somebody is there, such as 24/7") Optional<String> available,
      @Key("by when it promises to answer") Optional<Duration> responseWithin) {}

  /** From detection to everybody. Times count from the detection of the incident. */
  public record Escalation(
      @Key("how long automatic recovery may try") Optional<Duration> automaticRecovery,
      @Key("how long a repair by hand may try before the plan is activated")
          Optional<Duration> manualRepair,
      @Key("the levels, lowest first") List<EscalationLevel> levels) {
    public Escalation {
      levels = List.copyOf(levels);
    }
  }

  /** One level of escalation. */
  public record EscalationLevel(
      @Key("what leads to it") String trigger,
      @Key("time since detection after which it is reached") Duration after,
      @Key(value = "who is called", refersTo = "contacts", atLeastOne = true) List<String> call) {
    public EscalationLevel {
      call = List.copyOf(call);
      Rules.of("escalation level")
          .check(!call.isEmpty(), "call", "nobody", "at least one contact")
          .enforce();
    }
  }

  /** How bad an incident is, and how fast somebody must react. */
  public record Severity(
      @NameOfEntry String name,
      @Key("what it means") String description,
      @Key("who or what is hit") Optional<String> impact,
      @Key("by when somebody must react") Duration respondWithin,
      @Key("for example") List<String> examples) {
    public Severity {
      examples = List.copyOf(examples);
      Rules.of("severity " + name).name(name).enforce();
    }
  }

  /** A text to send during an incident. */
  @Shorthand("text")
  public record IncidentTemplate(
      @NameOfEntry String name,
      @Key("subject line") Optional<String> subject,
      @Key("the text") String text) {
    public IncidentTemplate {
      Rules.of("incident template " + name).name(name).enforce();
    }
  }

  /** Something after which the plan must be changed. */
  public record ChangeRule(
      @Key("what happened") String trigger,
      @Key("who changes the plan") Optional<String> responsible,
      @Key("by when") Optional<Span> within,
      @Key("who approves") Optional<String> approval) {}

  /** Where to find more. */
  public record Link(@Key("what is there") String name, @Key("address or path") String to) {}

  /** The regular report about recovery. */
  public record Reports(
      @Key("folder that reports are written to") Path directory,
      @Key("how often") Optional<Span> every) {}

  public WrittenPlan {
    requireNonNull(document, "document");
    requireNonNull(scope, "scope");
    goals = List.copyOf(goals);
    components = List.copyOf(components);
    contacts = Collections.unmodifiableMap(new LinkedHashMap<>(contacts));
    support = List.copyOf(support);
    requireNonNull(escalation, "escalation");
    severities = Collections.unmodifiableMap(new LinkedHashMap<>(severities));
    incidentTemplates = Collections.unmodifiableMap(new LinkedHashMap<>(incidentTemplates));
    changes = List.copyOf(changes);
    links = List.copyOf(links);
    requireNonNull(reports, "reports");
  }
}

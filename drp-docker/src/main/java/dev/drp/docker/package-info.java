/**
 * Containers, Compose projects, commands in containers and throw-away sandboxes on a Docker engine.
 *
 * <p>{@link dev.drp.docker.DockerContainerRuntime} is the way in. Requests go through docker-java
 * over {@link dev.drp.docker.EngineHttp}, a small HTTP client of our own on any {@link
 * dev.drp.docker.StreamOpener duplex byte stream}: with the stock ones a program in a container
 * never learns that its input has ended. The stream is the engine's unix socket, or the input and
 * output of {@code docker system dial-stdio}, wherever that can be run.
 *
 * <p>{@link dev.drp.docker.DockerCompose} runs Compose projects as their teams do, by the program
 * {@code docker compose}; it looks at the containers themselves to know when they are up.
 *
 * <p>Every program that is started in a container carries a mark in its environment ({@link
 * dev.drp.runtime.CommandMark}). By it {@link dev.drp.docker.ProgramEnder} finds and ends, from
 * inside the container, a program that is no longer wanted and all that it started: the engine
 * itself only hangs up and lets it run. A run that was killed cannot clean up any more; the next
 * run that starts a program of the same account in the same container ends what was left there.
 */
@NullMarked
package dev.drp.docker;

import org.jspecify.annotations.NullMarked;

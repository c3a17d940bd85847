/** The living sandbox of several organisations, until somebody stops it. */
import { setTimeout as sleep } from "node:timers/promises";
import { startWard, type Ward } from "@anamnesis/sandbox";
import type { Session } from "../../output/session.ts";
import { untilAborted } from "../../output/wait.ts";
import type { StartOptions } from "../run.ts";
import { type Databases, openDatabases } from "./databases.ts";
import { foundTogether } from "./found.ts";
import { isFounded, type Place, placesIn } from "./plan.ts";
import { MemberProcess } from "./process.ts";
import { membersScreen } from "./screen.ts";

export interface OrganisationsOptions extends StartOptions {
  readonly organisations: number;
}

export async function runOrganisations(
  options: OrganisationsOptions,
  session: Session,
  out: NodeJS.WriteStream,
): Promise<void> {
  try {
    await run(options, session, out);
  } catch (problem) {
    // Stopped while a step was on its way: whatever it says of that, the next start goes on from there.
    if (!session.signal.aborted) throw problem;
  }
  session.progress.clear();
  session.print(session.texts.start.stopped);
}

async function run(options: OrganisationsOptions, session: Session, out: NodeJS.WriteStream): Promise<void> {
  const { dir, port, seed, signal } = { ...options, signal: session.signal };
  const { texts, progress } = session;
  const places = await placesIn(dir, options.organisations, port);
  if (!places.every((place) => isFounded(place.dir))) session.note(texts.organisations.founding(places.length));
  await foundTogether(dir, places, signal);
  session.note(texts.organisations.databases(places.length));
  const databases = await openDatabases({
    ...{ dir, places, seed, signal, patients: Math.max(100, Math.floor(options.patients / places.length)) },
    filling: (name, done, total) => progress.show(texts.organisations.filling(name, done, total), done, total),
  });
  progress.clear();
  try {
    await live(options, places, databases, session, out);
  } finally {
    await databases.postgres.stop();
  }
}

async function live(
  options: OrganisationsOptions,
  places: readonly Place[],
  databases: Databases,
  session: Session,
  out: NodeJS.WriteStream,
): Promise<void> {
  const { signal } = session;
  const { organisations, node } = session.texts;
  const say = (name: string, line: string): void => {
    // The live table says it in its own words.
    if (!session.live && line !== node.stopHint) session.print(`${name.padEnd(6)}| ${line}`);
  };
  const members = places.map((place) => {
    const onLine = (line: string): void => say(place.name, line);
    return new MemberProcess(place, { language: organisations.language, signal, onLine });
  });
  const wards = places.map((place) => ward(options, databases.urlOf(place), place, signal));
  const screen = membersScreen(session, out, members);
  const drawing = (async () => {
    while (!signal.aborted) {
      screen.draw(await Promise.all(members.map((member) => member.look())));
      await sleep(screen.everyMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  try {
    await untilAborted(signal);
  } finally {
    await Promise.allSettled([...wards.map((each) => each.stop()), ...members.map((each) => each.end()), drawing]);
  }
}

const ward = (options: OrganisationsOptions, url: string, { name }: Place, signal: AbortSignal): Ward =>
  startWard({
    url,
    seed: `${options.seed}/${name}/${Date.now()}`,
    writesPerSecond: options.writesPerSecond / options.organisations,
    signal,
  });

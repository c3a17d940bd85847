/** `anamnesis monitor --url URL`: follows a log from outside until stopped, and raises an alarm with evidence. */
import { setTimeout as sleep } from "node:timers/promises";
import { fromUtf8, toHex } from "@anamnesis/core";
import { followedLog, httpFetcher } from "@anamnesis/gateway";
import { genesisFromJson } from "@anamnesis/ledger";
import {
  type Face,
  Monitor,
  type MonitorFolder,
  openMonitor,
  type Replaying,
  type Round,
  replaying,
} from "@anamnesis/node";
import type { Command } from "commander";
import { integerFrom, listOption } from "../arguments.ts";
import { readNamedFile } from "../files.ts";
import { exampleText } from "../help.ts";
import { MonitorScreen } from "../output/monitor.ts";
import type { Session } from "../output/session.ts";
import type { Runner } from "../runner.ts";
import { type WitnessOptions, witnessDemand } from "../witness-demand.ts";

interface Options extends WitnessOptions {
  readonly url: string;
  readonly genesis?: string;
  readonly dir: string;
  readonly token?: string;
  readonly peer?: readonly string[];
  readonly every: number;
  readonly patience: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

const DIR = "anamnesis-monitor";
const HOUR = 3600;
const MS = 1000;

export function registerMonitor(program: Command, runner: Runner): void {
  const { monitor, witness, commands, options } = runner.texts;
  program
    .command("monitor")
    .description(monitor.about)
    .requiredOption("--url <url>", monitor.url)
    .option("--genesis <file>", monitor.genesis)
    .option("--dir <dir>", monitor.dir, DIR)
    .option("--peer <url>", monitor.peer, listOption)
    .option("--witness <vkey>", witness.demand, listOption)
    .option("--least <n>", witness.least, integerFrom(1, 64))
    .option("--fresh <seconds>", witness.fresh, integerFrom(1, 10 ** 9))
    .option("--token <token>", commands.logVerify.token)
    .option("--every <seconds>", monitor.every, integerFrom(1, HOUR), 10)
    .option("--patience <seconds>", monitor.patience, integerFrom(0, 24 * HOUR), 60)
    .option("--once", monitor.once)
    .option("--json", options.json)
    .addHelpText(
      "after",
      exampleText(
        runner.texts,
        "monitor --url http://127.0.0.1:8420 --genesis genesis.json --dir watch",
        "monitor --url https://orderer.example --peer https://member.example --witness … --once --json",
      ),
    )
    .action((o: Options) => runner.run(o, (session) => run(o, session)));
}

async function run(o: Options, session: Session): Promise<0 | 1> {
  const { signal, texts } = session;
  // Refused at once, before anything is fetched.
  witnessDemand(o, Date.now());
  const log = httpFetcher(o.url);
  // Who asks once wants an answer: without a log there is none.
  if (o.once === true) await log.checkpoint();
  const given = o.genesis === undefined ? undefined : genesisFromJson(fromUtf8(readNamedFile(o.genesis)));
  const folder = await openMonitor(o.dir, given, () => log.genesis());
  const screen = new MonitorScreen(session);
  const replay = o.token === undefined ? undefined : replayOf(o, o.token, folder, session);
  try {
    screen.begin(folder, o.url);
    const monitor = new Monitor(optionsOf(o, folder, log, replay));
    const last = o.once === true ? await settled(o, monitor, screen, signal) : await follow(o, monitor, screen, signal);
    return conclude(o, folder, last, session);
  } finally {
    replay?.close();
    folder.close();
    if (o.once !== true) session.note(texts.node.stopped);
  }
}

function optionsOf(
  o: Options,
  folder: MonitorFolder,
  log: ReturnType<typeof httpFetcher>,
  replay: Replaying | undefined,
): ConstructorParameters<typeof Monitor>[0] {
  const { genesis, memory } = folder;
  const demand = () => witnessDemand(o, Date.now());
  return {
    ...{ genesis, memory },
    log: face(o.url, log),
    peers: (o.peer ?? []).map((url) => face(url, httpFetcher(url))),
    witnessed: () => log.witnessed(),
    writeFork: (fork) => folder.writeFork(fork),
    now: () => Date.now(),
    patienceMs: o.patience * MS,
    ...(demand() === undefined ? {} : { demand: () => demand() ?? { witnesses: [], least: 0 } }),
    ...(replay === undefined ? {} : { replay: () => replay.once() }),
  };
}

const face = (url: string, log: ReturnType<typeof httpFetcher>): Face => ({
  name: url,
  note: async () => (await log.checkpoint()).note,
  tile: (path) => log.tile(path),
});

function replayOf(o: Options, token: string, folder: MonitorFolder, { signal, texts, progress }: Session): Replaying {
  const log = followedLog(o.url, { entriesToken: token });
  const onProgress = (done: number, total: number) => progress.show(texts.monitor.replaying, done, total);
  return replaying({ folder, log, signal, onProgress });
}

/** Looks again while something may pass, at most as long as patience allows: then it is an alarm. */
async function settled(o: Options, monitor: Monitor, screen: MonitorScreen, signal: AbortSignal): Promise<Round> {
  for (;;) {
    const round = await monitor.round();
    screen.show(round);
    if (!round.waiting || round.standing.length > 0 || signal.aborted) return round;
    await pause(Math.min(o.every, 1), signal);
  }
}

async function follow(o: Options, monitor: Monitor, screen: MonitorScreen, signal: AbortSignal): Promise<Round> {
  for (;;) {
    const round = await monitor.round();
    screen.show(round);
    await pause(o.every, signal);
    if (signal.aborted) return round;
  }
}

const pause = (seconds: number, signal: AbortSignal): Promise<void> =>
  sleep(seconds * MS, undefined, { signal }).catch(() => undefined);

/** 1 when anything was ever found in this folder: an alarm that went away is still one to look into. */
function conclude(o: Options, { memory, genesis }: MonitorFolder, last: Round, session: Session): 0 | 1 {
  const alarms = memory.alarms();
  const newest = memory.newest();
  session.result({
    url: o.url,
    chain: genesis.chain,
    size: newest?.size ?? 0,
    root: newest === undefined ? null : toHex(newest.root),
    standing: last.standing,
    alarms,
    troubles: last.troubles,
  });
  return alarms.length > 0 ? 1 : 0;
}

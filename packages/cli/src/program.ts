/** The command line as a tree. Each command lives in its own file under commands/. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { registerCapture } from "./commands/capture.ts";
import { registerDemo } from "./commands/demo.ts";
import { registerGenesis } from "./commands/genesis.ts";
import { registerHistory } from "./commands/history.ts";
import { registerInit } from "./commands/init.ts";
import { registerKeys } from "./commands/keys.ts";
import { registerLog } from "./commands/log.ts";
import { registerMembers } from "./commands/members.ts";
import { registerMisuse } from "./commands/misuse.ts";
import { registerMonitor } from "./commands/monitor.ts";
import { registerNode } from "./commands/node.ts";
import { registerPerson } from "./commands/person.ts";
import { registerProof } from "./commands/proof.ts";
import { registerPropose } from "./commands/propose.ts";
import { registerSandbox } from "./commands/sandbox.ts";
import { registerSource } from "./commands/source.ts";
import { registerStart } from "./commands/start.ts";
import { registerStatus } from "./commands/status.ts";
import { registerVerify } from "./commands/verify.ts";
import { registerWitness } from "./commands/witness.ts";
import { helpIn } from "./help.ts";
import type { Runner } from "./runner.ts";
import type { Texts } from "./texts/en.ts";

export function makeProgram(runner: Runner): Command {
  const { texts } = runner;
  const program = new Command("anamnesis");
  program
    .description(texts.program.about)
    .option("--lang <language>", texts.program.lang)
    .version(version(), "-V, --version", texts.program.version)
    .addHelpText("after", examples(texts));
  const register = [
    registerStart,
    registerDemo,
    registerInit,
    registerGenesis,
    registerMembers,
    registerPropose,
    registerPerson,
    registerKeys,
    registerSource,
    registerNode,
    registerCapture,
    registerVerify,
    registerHistory,
    registerMisuse,
    registerLog,
    registerProof,
    registerWitness,
    registerMonitor,
    registerStatus,
    registerSandbox,
  ];
  for (const add of register) add(program, runner);
  speak(program, texts);
  return program;
}

/** Titles and built-in texts in the chosen language, no exit behind our back, no second error message. */
function speak(command: Command, texts: Texts): void {
  command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp(helpIn(texts))
    .helpOption("-h, --help", texts.program.help)
    .helpCommand(false);
  for (const child of command.commands) speak(child, texts);
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}

function examples(texts: Texts): string {
  const lines = [
    "anamnesis start",
    "anamnesis demo --json",
    'anamnesis init data --org "Hospital Nord"',
    "anamnesis source add ehr --url postgres://user:password@host/db --dir data",
    "anamnesis node --dir data",
    "anamnesis verify ehr --dir data --from-log",
    "anamnesis proof check proof.bin --checkpoint checkpoint --genesis genesis.json",
  ];
  return `\n${texts.program.examples}:\n${lines.map((l) => `  ${l}`).join("\n")}\n\n${texts.program.exitCodes}`;
}

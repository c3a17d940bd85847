// Plays the transcript in a process of its own, whatever its locale, time zone or version: prints what differs, then the end.
import { native } from "@anamnesis/crypto/native";
import { differences, readTranscript } from "./transcript.ts";

const transcript = readTranscript();
const differing = differences(native, transcript);
for (const line of differing) process.stdout.write(`${line}\n`);
const sample = `${new Date(0).toLocaleString()} ${(1234.5).toLocaleString()} ${"i".toLocaleUpperCase()}`;
const about = `${process.version}, ${sample}`;
process.stdout.write(`${transcript.steps.length} steps, ${differing.length} differ, ${about}\n`);
process.exitCode = differing.length === 0 ? 0 : 1;

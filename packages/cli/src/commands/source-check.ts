import type { Command } from "commander";
import type { Runner } from "../runner.ts";

export function registerSourceCheck(_source: Command, _runner: Runner): void {}

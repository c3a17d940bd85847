#!/usr/bin/env node
// The `anamnesis` command. Plain JavaScript: any Node >= 20 can start it, and the door goes on with the pinned one.
process.argv.splice(2, 0, "packages/cli/src/bin.ts");
await import("../../../tools/door.js");

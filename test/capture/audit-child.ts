/** Capture with reads in a process of its own, for kill -9: `audit-child.ts DIR URL MODE LOG DATABASE`. */
import { join } from "node:path";
import { openReads } from "@anamnesis/capture";
import { open } from "./harness.ts";

const [dir = "", url = "", mode, log = "", database = ""] = process.argv.slice(2);
const bench = await open(dir, url, { include: ["ward.*"] });
const reads = openReads({
  mode: mode === "pgaudit" ? "pgaudit" : "auto_explain",
  ...{ log, store: join(dir, "reads.db"), database, windowMs: 60_000, who: { applications: [] } },
});
let told = false;
await bench.capture({
  ...{ patient: true, interludes: [reads], actorOf: (xid, time) => reads.actorOf(xid, time) },
  onProgress: (p) => {
    if (p.phase !== "streaming" || told) return;
    told = true;
    console.log("streaming");
  },
});

/** Capture in a process of its own, for kill -9: `child.ts <dir> <url>`. Prints a line when it has begun to stream. */
import { open } from "./harness.ts";

const [dir, url] = process.argv.slice(2);
if (dir === undefined || url === undefined) throw new Error("usage: child.ts DIR URL");
const bench = await open(dir, url, { include: ["ward.*"] });
let told = false;
await bench.capture({
  patient: true,
  onProgress: (p) => {
    if (p.phase !== "streaming" || told) return;
    told = true;
    console.log("streaming");
  },
});

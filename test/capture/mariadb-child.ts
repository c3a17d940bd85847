/** Captures the folder named by the first argument until it is killed. */
import { openFolder, startNode } from "@anamnesis/node";

const node = await startNode({ folder: openFolder(process.argv[2] ?? ""), env: {} });
await node.failed;

export { type NodeErrorCode, nodeError } from "./errors.ts";
export { addSource } from "./folder/add-source.ts";
export { type Config, parseConfig, type SourceConfig } from "./folder/config.ts";
export { type Folder, openFolder, sourceOf } from "./folder/folder.ts";
export { type InitOptions, initFolder, type Made } from "./folder/init.ts";
export { type FolderLayout, layoutOf, type SourceLayout, sourceLayout } from "./folder/layout.ts";
export { moveSource } from "./folder/move-source.ts";
export { databaseUrl, shownUrl } from "./folder/url.ts";
export { openEngine, openLog } from "./ledger.ts";
export {
  type Check,
  type CheckName,
  checkProofFile,
  type FetchTile,
  type ProofInput,
  type ProofVerdict,
} from "./proof-check.ts";
export { type MadeProof, proveEvent } from "./proof-make.ts";
export { primitives, systemClock } from "./system.ts";

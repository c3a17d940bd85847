export { checkReads, type ReadsCheck } from "./check.ts";
export type { AuditMode } from "./feed.ts";
export { patientHandle, patientName, patientOfHandle } from "./patient-handle.ts";
export { openReads, type Reads, type ReadsFigures, type ReadsOptions } from "./reads.ts";
export type { WhoRule } from "./who.ts";

export { type FromLogOptions, LogReplay } from "./from-log.ts";
export { openRowIndex, type RowIndex, type RowIndexOptions } from "./sqlite-index.ts";

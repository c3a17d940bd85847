export { type FromLogOptions, type LeafSink, LogReplay } from "./from-log.ts";
export { openRowIndex, type RowIndex, type RowIndexOptions } from "./sqlite-index.ts";

export { Inbox, type InboxOptions, type Taken } from "./inbox.ts";
export { receivePush } from "./receive.ts";
export { type DebeziumSourceOptions, debeziumSource, pushedTable } from "./source.ts";

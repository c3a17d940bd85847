export { connectMariadb, withMariadb } from "./connect.ts";
export { fileMemory, type PositionMemory, type Remembered } from "./memory.ts";
export { readTexts } from "./result.ts";
export { type MariadbSourceOptions, mariadbSource } from "./source.ts";

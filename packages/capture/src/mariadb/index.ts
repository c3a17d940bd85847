export { applyToMariadb, checkMariadb, type LogKeeping, type MariadbCheck } from "./check.ts";
export { connectMariadb, withMariadb } from "./connect.ts";
export { hangUp } from "./driver.ts";
export { fileMemory, type PositionMemory, type Remembered } from "./memory.ts";
export { readTexts } from "./result.ts";
export { type MariadbSourceOptions, mariadbSource } from "./source.ts";

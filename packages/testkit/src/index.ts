export { type Need, type Skip, skipLoudly } from "./skip.ts";

export { explainAt, type SandboxErrorCode } from "./errors.ts";
export { type FillOptions, type FillResult, fillHospital, hospitalSchema } from "./hospital/fill.ts";
export { restoreHospital } from "./legal/restore.ts";
export { LEGAL_WHY, type LegalStep, type LegalWhy, type Sign } from "./legal/step.ts";
export { LEGAL_STEPS } from "./legal/steps.ts";
export { hasMariadb } from "./mariadb/programs.ts";
export type { Mariadb } from "./mariadb/server.ts";
export { type StartMariadbOptions, startMariadb } from "./mariadb/start.ts";
export { ATTACKS } from "./plant/attacks/attacks.ts";
export { copyServer } from "./plant/attacks/copy-folder.ts";
export { ATTACK_NAMES, type Attack, type AttackName, census, type Deed, type Scene } from "./plant/attacks/scene.ts";
export { type Census, stillPlanted, withAnotherColumn } from "./plant/census.ts";
export { type PlantOptions, plant } from "./plant/plant.ts";
export type { What } from "./plant/recipes.ts";
export type { Planted } from "./plant/tamper.ts";
export type { Identity } from "./postgres/identity.ts";
export type { Postgres } from "./postgres/server.ts";
export { type StartOptions, startPostgres } from "./postgres/start.ts";
export {
  cacheFolder,
  isInstalled,
  type PostgresVersion,
  packageName,
  postgresVersions,
  preferredVersion,
} from "./postgres/version.ts";
export { Rng } from "./random.ts";
export { keyText } from "./text.ts";
export { type MisuseOptions, type PlantedMisuse, plantMisuse } from "./ward/misuse/plant.ts";
export { READ_LOG, type Readers, type ReadersOptions, startReaders, VIEWER } from "./ward/readers.ts";
export type { WardWrite } from "./ward/transaction.ts";
export { startWard, type Ward, type WardFigures, type WardOptions } from "./ward/ward.ts";

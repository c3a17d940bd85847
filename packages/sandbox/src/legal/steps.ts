/** A hospital's year in its database, in an order in which each step finds what it needs. */
import { COLUMN_STEPS } from "./columns.ts";
import { KEY_STEPS } from "./keys.ts";
import { OBJECT_STEPS } from "./objects.ts";
import type { LegalStep } from "./step.ts";
import { TABLE_STEPS } from "./tables.ts";

export const LEGAL_STEPS: readonly LegalStep[] = [...OBJECT_STEPS, ...COLUMN_STEPS, ...KEY_STEPS, ...TABLE_STEPS];

/** The attacks by name, in the order in which they are shown. */
import { changedBack } from "./changed-back.ts";
import { olderFolder, olderFolderReplayed } from "./older-folder.ts";
import { pages } from "./pages.ts";
import { partition } from "./partition.ts";
import { publication } from "./publication.ts";
import type { Attack } from "./scene.ts";
import { slotAdvanced, slotRecreated } from "./slot.ts";
import { tableRestore } from "./table-restore.ts";

export const ATTACKS: readonly Attack[] = [
  publication,
  partition,
  slotAdvanced,
  slotRecreated,
  pages,
  olderFolder,
  olderFolderReplayed,
  tableRestore,
  changedBack,
];

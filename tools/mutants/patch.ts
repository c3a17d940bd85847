// `node --import ./tools/mutants/patch.ts …` with ANAMNESIS_PATCH naming a JSON file `[{ path, text }, …]`: these sources are
// loaded with other texts, and the tree stays as it is.
import { registerHooks } from "node:module";
import { readPatch } from "./patch-file.ts";

const patch = readPatch();

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const source = patch.get(url);
    return source === undefined ? loaded : { ...loaded, source };
  },
});

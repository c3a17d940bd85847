// The unit tests on patched sources: stops at the first failure.
import { pathToFileURL } from "node:url";
import { defineConfig } from "vitest/config";
import { readPatch } from "./patch-file.ts";

const patch = readPatch();

export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  cacheDir: "node_modules/.vite",
  plugins: [
    {
      name: "patched-sources",
      enforce: "pre",
      transform: (_code, id) => patch.get(pathToFileURL(id).href) ?? null,
    },
  ],
  test: {
    cache: false,
    bail: 1,
    include: ["packages/**/test/**/*.test.ts", "test/sim/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/*.integration.test.ts"],
    testTimeout: 30_000,
  },
});

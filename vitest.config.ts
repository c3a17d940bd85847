// Two projects: `unit` (everything that needs nothing but Node; must stay quick) and `integration` (real
// PostgreSQL, real kills; one file after the other, because a 2-core machine shared by two databases flakes).
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const tests = ["packages/**/test/**/*.test.ts", "examples/**/test/**/*.test.ts", "test/**/*.test.ts"];
const integration = ["packages/**/test/**/*.integration.test.ts", "test/**/*.integration.test.ts"];
const never = ["**/node_modules/**"];

export default defineConfig({
  cacheDir: "node_modules/.vite",
  test: {
    cache: false,
    // Its own choice leaves one processor idle.
    maxWorkers: availableParallelism(),
    passWithNoTests: false,
    allowOnly: false,
    teardownTimeout: 30_000,
    projects: [
      {
        test: {
          name: "unit",
          include: tests,
          exclude: [...never, ...integration],
          // One process and one module graph per worker: a third less processor time. No test may lean on another's modules.
          pool: "threads",
          isolate: false,
          testTimeout: 15_000,
          hookTimeout: 15_000,
        },
      },
      {
        test: {
          name: "integration",
          include: integration,
          exclude: never,
          pool: "forks",
          // Tests wait for what they start: it must not stand back behind them.
          env: { ANAMNESIS_PRIORITY: "normal" },
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config'

/** Two thousand seeds of the simulator: a lane of its own, because it takes both cores for two minutes. */
export default defineConfig({
  test: {
    include: ['test/**/*.sim.test.ts'],
    globalSetup: ['test/compiled.ts'],
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
})

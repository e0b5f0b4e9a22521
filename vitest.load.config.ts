import { defineConfig } from 'vitest/config'

/** Releases under load: a lane of its own, because it takes both cores for minutes. */
export default defineConfig({
  test: {
    include: ['test/**/*.load.test.ts'],
    globalSetup: ['test/compiled.ts'],
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
})

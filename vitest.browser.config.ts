import { defineConfig } from 'vitest/config'

/** The dashboard in a real Chromium: a lane of its own, since `npm test` needs nothing but Node. */
export default defineConfig({
  test: {
    include: ['test/**/*.browser.test.ts'],
    globalSetup: ['test/compiled.ts', 'test/dashboard/build.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})

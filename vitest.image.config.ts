import { defineConfig } from 'vitest/config'

/** The image: two builds of the same bytes, and the program in its tree as the user it runs as. Needs root, dpkg and unshare. */
export default defineConfig({
  test: {
    include: ['test/image/*.image.test.ts'],
    globalSetup: ['test/compiled.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
})

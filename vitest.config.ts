import { defineConfig } from 'vitest/config'

/** They measure the heap of their process, or its open handles. */
const alone = ['src/kube/{month,rotation}.test.ts', 'src/controller/ask.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['test/compiled.ts'],
    // Many wait for real time to pass, so that three keep two cores busy.
    maxWorkers: 3,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
          // Lanes of their own.
          exclude: [
            '**/node_modules/**',
            '**/*.{kubectl,load,sim,cluster,gateways,image,browser}.test.ts',
            ...alone,
          ],
          // One world of modules a worker: a quarter of the work was to load the same ones for each file.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
  },
})

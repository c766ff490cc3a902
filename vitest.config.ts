import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests are written against src/ (for types) and run against dist/ (what ships): worker threads and child processes
// then start from the very files that a user installs. `npm test` builds first.
export default defineConfig({
  resolve: { alias: [{ find: /^((?:\.\.\/)+)src\/(.*)\.js$/, replacement: '$1dist/$2.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    // As many as there are cores, where vitest leaves one idle: much of what tests do is waiting.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 30_000,
    // A machine that has much to do is no reason to fail.
    expect: { poll: { timeout: 10_000 } },
    server: { deps: { external: [/\/dist\//] } },
  },
});

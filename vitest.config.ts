import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      // What needs no kernel of its own: runs anywhere, in seconds.
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/kernel/**', 'test/host/**'] } },
      // What boots kernels from outside, or compares with the host's own netlink.
      { test: { name: 'host', include: ['test/host/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false } },
      // What needs openvswitch: runs inside the lab.
      { test: { name: 'kernel', include: ['test/kernel/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, pool: 'threads', isolate: false, fileParallelism: false } },
    ],
  },
})

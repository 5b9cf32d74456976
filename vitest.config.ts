import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const src = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url))

/** Examples import the package by its name; under test that is the source. */
const resolve = {
  alias: [
    { find: /^ovs-datapath$/, replacement: src('index.ts') },
    { find: /^ovs-datapath\/(netlink|rtnetlink)$/, replacement: src('$1.ts') },
    { find: /^ovs-datapath\/(\w+)$/, replacement: src('$1/index.ts') },
  ],
}

export default defineConfig({
  test: {
    projects: [
      // What needs no kernel of its own: runs anywhere, in seconds.
      { resolve, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/kernel/**', 'test/libnl/**', 'test/host/**', 'test/stock/**'] } },
      // What boots kernels from outside, or compares with the host's own netlink.
      { resolve, test: { name: 'host', include: ['test/host/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false } },
      // What needs libnl and privileges: runs inside the lab, once.
      { resolve, test: { name: 'libnl', include: ['test/libnl/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
      // What User-Mode Linux has not (conntrack zones, several CPUs): runs inside the lab, in the kernel that Debian builds for machines.
      // Its CPUs may be emulated, and slow: so the package is taken as it was built, which needs no transforming.
      {
        resolve: { alias: [{ find: /^(?:\.\.\/)+src\/(.*\.js)$/, replacement: `${fileURLToPath(new URL('dist/', import.meta.url))}$1` }] },
        test: {
          server: { deps: { external: [/\/dist\//] } },
          name: 'stock',
          // The lengths of what has a zone, besides.
          include: ['test/stock/**/*.test.ts', 'test/kernel/bounds.test.ts'],
          setupFiles: ['test/kernel/support/record.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'threads',
          isolate: false,
          fileParallelism: false,
        },
      },
      // What needs openvswitch: runs inside the lab, in each kernel.
      {
        resolve,
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          // Notes what went to the kernel and came back, for the coverage report.
          setupFiles: ['test/kernel/support/record.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'threads',
          isolate: false,
          fileParallelism: false,
        },
      },
    ],
  },
})

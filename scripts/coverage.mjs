// npm run coverage:uapi: what of linux/openvswitch.h our tables have, and what the kernels' tests have seen of it.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'

prepare()
const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'test/uapi/report.ts')], { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1

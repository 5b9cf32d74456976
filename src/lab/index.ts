/**
 * The lab: boots a Linux kernel with openvswitch from the distribution's
 * packages and runs a command in it. See docs/lab.md.
 *
 * @module
 */
export { runInLab, type RunOptions, type RunResult } from './run.js'
export { shellInLab, type ShellOptions } from './shell.js'
export { setupLab, type SetupOptions, type SetupProgress } from './setup.js'
export { doctor, type Diagnosis, type DoctorOptions, type Finding } from './doctor.js'
export { cachePath, type Installed, type Manifest } from './cache.js'
export { components, defaultComponents, kernelNames, type Component, type KernelName } from './components.js'
export { ovsFamilies, type FamilyInfo } from './families.js'
export type { HostSystem } from './host.js'
export { LabError, type LabErrorCode } from './errors.js'
export type { Word } from './words.js'

/**
 * The kernel publishes no policy for what stands in its nests. So messages that it takes are sent again,
 * with one attribute at a time shorter than our tables say, longer, or as short and long as they say.
 */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { beforeAll, expect, test } from 'vitest'
import type { BoundFamily } from '../../src/genetlink/bound-family.js'
import type { AnyFamily } from '../../src/genetlink/family.js'
import type { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import type { Entry } from '../../src/netlink/attributes.js'
import { Source } from '../../src/netlink/bytes.js'
import { KernelError } from '../../src/netlink/errors.js'
import { Writer } from '../../src/netlink/writer.js'
import { MessageFlags, openGenericNetlink } from '../../src/netlink.js'
import { type Bound, isBounded, variantsOf } from '../uapi/bounds.js'
import { proofOf } from '../uapi/coverage.js'
import { tables } from '../uapi/ours.js'
import { inside, walk } from '../uapi/walk.js'
import { exceptionFor, exceptions, isBefore, isOf } from './support/lengths.js'
import { useOvs } from './support/ovs.js'
import { type Lacking, type Specimen, specimens } from './support/specimens.js'

const lab = useOvs()
const kernel = release()
const uml = readFileSync('/proc/cpuinfo', 'utf8').includes('User Mode Linux')

/** `taken`, or why not. */
type Outcome = 'taken' | 'EINVAL' | 'ERANGE' | (string & {})
interface Tried {
  readonly path: readonly Entry[]
  readonly bound: Bound
  readonly length: number
  readonly outcome: Outcome
}

const accepted = new Map<string, Outcome>()
const tried = new Map<string, Tried>()
/** In messages that this kernel refuses. */
const lacked = new Set<string>()

beforeAll(async () => {
  const dp = await lab.datapath('bounds')
  using netlink = openGenericNetlink()
  for (const specimen of specimens) await trySpecimen(netlink, dp.dpIfindex, specimen)
})

async function trySpecimen(netlink: GenericNetlink, dpIfindex: number, specimen: Specimen): Promise<void> {
  const { what, command, value, undo } = specimen
  const family = (await netlink.family(specimen.family)) as BoundFamily<AnyFamily>
  const call = (name: string, request: object, flags = 0) => family.call(name as never, { dpIfindex, ...request } as never, { flags })
  const send = async (request: object, flags?: number): Promise<Outcome> => {
    try {
      await call(command, request, flags)
    } catch (error) {
      if (error instanceof KernelError) return error.code
      throw error
    }
    if (undo !== undefined) await call(undo.command, undo.value)
    return 'taken'
  }
  // With an echo, so that it is seen to come back.
  accepted.set(what, await send(value, MessageFlags.echo))
  const { attributes } = specimen.family
  const writer = new Writer()
  attributes.writeBesides(writer, value as never, new Set(['dpIfindex']))
  if (accepted.get(what) !== 'taken') {
    walk(attributes, new Source(writer.bytes), 0, writer.length, ({ kernelName }) => lacked.add(kernelName))
    return
  }
  const header = 'dpIfindex' in value ? { dpIfindex: value.dpIfindex } : {}
  for (const { path, bound, length, attributes: unknown } of variantsOf({ nest: attributes }, new Source(writer.bytes), 0, writer.length)) {
    const name = `${path.map(({ kernelName }) => kernelName).join(' > ')}, ${bound}`
    if (!tried.has(name)) tried.set(name, { path, bound, length, outcome: await send({ ...header, unknown }) })
  }
}

function expected(lacking: Lacking | undefined): Outcome {
  if (lacking === undefined) return 'taken'
  if ('since' in lacking) return isBefore(kernel, lacking.since) ? 'EINVAL' : 'taken'
  return uml || lacking.lacks === 'debian' ? (lacking.code ?? 'EINVAL') : 'taken'
}

test('the kernel takes every message but those for which it lacks something', () => {
  expect(specimens.map(({ what }) => [what, accepted.get(what)])).toEqual(specimens.map(({ what, lacking }) => [what, expected(lacking)]))
})

test('it takes the lengths that our tables say and refuses others, but for the exceptions', () => {
  const wrong = [...tried].flatMap(([name, { path, bound, length, outcome }]) => {
    const taken = exceptionFor(path, bound, kernel)?.taken ?? (bound === 'least' || bound === 'most')
    return (outcome === 'taken') === taken && (taken || outcome === 'EINVAL' || outcome === 'ERANGE') ? [] : [`${name} (${length} bytes): ${outcome}`]
  })
  expect(wrong).toEqual([])
})

test('each exception is one', () => {
  const met = new Set([...tried.values()].map(({ path, bound }) => exceptionFor(path, bound, kernel)))
  expect(exceptions.filter((each) => isOf(each, kernel) && !met.has(each)).map(({ what }) => what)).toEqual([])
})

test('every attribute that the kernel reads was tried', () => {
  const names = new Set([...[...tried.values()].map(({ path }) => path.at(-1)?.kernelName), ...lacked])
  const read = tables
    .filter(({ prefix }) => prefix.startsWith('OVS_'))
    .flatMap(({ entries }) => entries as readonly Entry[])
    .filter(({ kernelName, codec }) => inside(codec) === undefined && isBounded(codec) && proofOf(kernelName) !== 'from the kernel')
  expect(read.length).toBeGreaterThan(100)
  expect(read.filter(({ kernelName }) => !names.has(kernelName)).map(({ kernelName }) => kernelName)).toEqual([])
})

import type { BoundFamily } from '../genetlink/bound-family.js'
import { FlowFamily } from '../ovs/families.js'
import type { OvsFlow } from '../ovs/flow.js'

/** `ovs_flow`, whose flushes are told of: the kernel tells nobody. */
export class FlushingFlows extends FlowFamily {
  readonly #flushed: Iterable<(dpIfindex: number) => void>

  constructor(family: BoundFamily<typeof OvsFlow>, flushed: Iterable<(dpIfindex: number) => void>) {
    super(family)
    this.#flushed = flushed
  }

  override async flush(dpIfindex: number): Promise<void> {
    await super.flush(dpIfindex)
    for (const tell of this.#flushed) tell(dpIfindex)
  }
}

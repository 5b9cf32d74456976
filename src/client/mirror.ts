/** What there is of one family, by datapath and name, as the bytes that the kernel says of it. */
export class Mirror {
  readonly #byDatapath = new Map<number, Map<string, Uint8Array>>()

  /** The object, if it is known. */
  get(dpIfindex: number, id: string): Uint8Array | undefined {
    return this.#byDatapath.get(dpIfindex)?.get(id)
  }

  /** Remembers an object as it is now. */
  put(dpIfindex: number, id: string, bytes: Uint8Array): void {
    const objects = this.#byDatapath.get(dpIfindex)
    if (objects === undefined) this.#byDatapath.set(dpIfindex, new Map([[id, bytes]]))
    else objects.set(id, bytes)
  }

  /** Forgets an object. */
  delete(dpIfindex: number, id: string): void {
    const objects = this.#byDatapath.get(dpIfindex)
    if (objects?.delete(id) && objects.size === 0) this.#byDatapath.delete(dpIfindex)
  }

  /** The objects of a datapath. What is put or deleted while one goes through them does no harm. */
  of(dpIfindex: number): IterableIterator<[id: string, bytes: Uint8Array]> {
    return (this.#byDatapath.get(dpIfindex) ?? new Map<string, Uint8Array>()).entries()
  }

  /** How many objects a datapath has. */
  count(dpIfindex: number): number {
    return this.#byDatapath.get(dpIfindex)?.size ?? 0
  }

  /** Datapaths of which there is something. */
  datapaths(): number[] {
    return [...this.#byDatapath.keys()]
  }
}

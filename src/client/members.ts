import { InvalidValueError } from '../netlink/errors.js'

/** What is given to make something has these members and no others. @throws InvalidValueError */
export function checkMembers(value: unknown, what: string, members: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidValueError(`${what} must be an object with ${members.join(', ')}`, value)
  for (const member in value) {
    if (!members.includes(member)) throw new InvalidValueError(`${what} has no member ${JSON.stringify(member)}`, value, `Its members are ${members.join(', ')}.`)
  }
}

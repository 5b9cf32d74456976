import { LabError, type LabErrorCode } from './errors.js'

interface Rule {
  pattern: RegExp
  code: LabErrorCode
  message(mirror: string): string
  remedy(files: string): string
}

// First match wins: apt reports an unreachable mirror along with everything that follows from it.
const rules: Rule[] = [
  {
    pattern: /No space left on device|don't have enough free space/,
    code: 'DISK_FULL',
    message: () => 'The disk that holds the lab\'s cache is full.',
    remedy: () => 'Make room, or name a roomier folder with OVS_LAB_CACHE=/path.',
  },
  {
    pattern: /Hash Sum mismatch|File has unexpected size|Hashes of received file|Hashes of expected file/,
    code: 'HASH_MISMATCH',
    message: (mirror) => `What ${mirror} delivered is not what its signed lists announce.`,
    remedy: () => 'Nothing of it was used. Try again in some minutes (a mirror in the midst of its update), then without a proxy in between, then with another mirror (--sources FILE).',
  },
  {
    pattern: /NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|is not signed|signatures? (couldn't be|were) (verified|invalid)|invalid signature|Sub-process \S*sqv returned an error|clearsigned file isn't valid|Missing key|not readable by user|keyring\(?s?\)? .*(ignored|unsupported|unreadable)/i,
    code: 'SIGNATURE_INVALID',
    message: (mirror) => `The package lists of ${mirror} are not signed by a key that this machine trusts for them.`,
    remedy: (files) => `See that the package debian-archive-keyring is there and current, or that Signed-By in ${files} names the right keyring.`,
  },
  {
    pattern: /is expired \(invalid since|is not valid yet/,
    code: 'RELEASE_EXPIRED',
    message: (mirror) => `The package lists of ${mirror} are outside the time for which they are valid.`,
    remedy: (files) => `Check this machine's clock. A mirror that is meant to be old needs "Check-Valid-Until: no" in ${files}.`,
  },
  {
    pattern: /Could not connect|Could not resolve|Temporary failure resolving|Connection (failed|timed out|refused|reset)|Unable to connect|Network is unreachable|No route to host|Could not handshake|Certificate verification failed|Proxy|\b(407|50[0234])\b|Could not wait for server/i,
    code: 'MIRROR_UNREACHABLE',
    message: (mirror) => `The lab's packages are unreachable: ${mirror} does not answer.`,
    remedy: (files) => `Check the network and its proxy, or name a mirror that answers in a sources file: ovs-lab setup --sources FILE (or OVS_LAB_SOURCES). The address comes from ${files}.`,
  },
  {
    pattern: /does not have a Release file|404 +Not Found|has no Release file/,
    code: 'NO_SUCH_SUITE',
    message: (mirror) => `${mirror} does not have what the lab asks for there.`,
    remedy: (files) => `Name a full Debian mirror in a sources file: ovs-lab setup --sources FILE (or OVS_LAB_SOURCES). The address comes from ${files}.`,
  },
  {
    pattern: /Unable to locate package|has no installation candidate|unmet dependencies|Unable to correct problems|pkgProblemResolver/,
    code: 'NO_SUCH_PACKAGE',
    message: (mirror) => `${mirror} has not all of the packages that the lab needs.`,
    remedy: (files) => `Run "ovs-lab setup --update" again later if the suite is sid, which changes daily; else see that ${files} names a full mirror of the distribution with its updates.`,
  },
]

/** The error that fits what apt printed. */
export function aptError(stderr: string, apt: { mirror: string; sourceFiles: string[] }): LabError {
  const files = apt.sourceFiles.join(', ')
  const details = withoutCredentials(stderr.trim())
  for (const rule of rules) {
    if (rule.pattern.test(stderr)) return new LabError(rule.code, rule.message(withoutCredentials(apt.mirror)), rule.remedy(files), { details })
  }
  return new LabError('APT_FAILED', 'apt-get failed while fetching the lab\'s packages.', 'Its message is below.', { details })
}

/** Addresses of mirrors may hold a password, which belongs into no log. */
function withoutCredentials(text: string): string {
  return text.replace(/(\w:\/\/)[^\s/@]*@/g, '$1')
}

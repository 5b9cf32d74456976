import koffi, { type LibraryHandle } from 'koffi'
import { OvsError } from '../netlink/errors.js'

/** The environment variable that names a folder with `libnl-3.so.200` and `libnl-genl-3.so.200`. */
export const LIBNL_VARIABLE = 'OVS_DATAPATH_LIBNL'

/** libnl could not be loaded. Code `OVS_NO_LIBNL`. */
export class LibraryNotFoundError extends OvsError {
  constructor(name: string, tried: readonly string[], cause: unknown) {
    super('OVS_NO_LIBNL', `${name} could not be loaded (tried ${tried.join(', ')})`, {
      remedy:
        'Install libnl 3: "apt install libnl-3-200 libnl-genl-3-200" on Debian and Ubuntu, "dnf install libnl3" on Fedora, "apk add libnl3" on Alpine; ' +
        `or name the folder that holds it in ${LIBNL_VARIABLE}.`,
      cause,
    })
  }
}

/** libnl-3 and libnl-genl-3, loaded. */
export interface Libraries {
  /** `libnl-3.so.200` */
  readonly nl: LibraryHandle
  /** `libnl-genl-3.so.200` */
  readonly genl: LibraryHandle
}

/**
 * Loads libnl-3 and libnl-genl-3 from `folder`, from the folder that `OVS_DATAPATH_LIBNL` names, or
 * from where the system's loader finds them.
 *
 * @throws LibraryNotFoundError
 */
export function loadLibraries(folder: string | undefined = process.env[LIBNL_VARIABLE]): Libraries {
  // libnl-genl-3 needs libnl-3: loaded first, it is found by its name even in a folder of its own.
  return { nl: loadOne('libnl-3', folder), genl: loadOne('libnl-genl-3', folder) }
}

function loadOne(name: string, folder: string | undefined): LibraryHandle {
  const names = [`${name}.so.200`, `${name}.so`]
  const paths = folder ? names.map((each) => `${folder}/${each}`) : names
  let cause: unknown
  for (const path of paths) {
    try {
      return koffi.load(path, { global: true })
    } catch (error) {
      cause ??= error
    }
  }
  throw new LibraryNotFoundError(name, paths, cause)
}

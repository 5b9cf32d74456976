/**
 * Says hello to the kernel module beside this program, and prints what the kernel answers.
 *
 *     npx tsx examples/gennl_ins/user/client.ts ["some other message"]
 */
import { attribute, attributes, family, openGenericNetlink, OvsError, text } from 'ovs-datapath/netlink'

/** The protocol, as ../pub/genl_ins_pub.h declares it for C. */
const instanceFamily = family({
  name: 'gennl_ins',
  version: 1,
  attributes: attributes('INSTANCE_A', {
    msg: attribute(1, text(127)),
  }),
  commands: { echo: 1 },
  remedy: 'Load its module: `make kernel-build kernel-module-install` in examples/gennl_ins.',
})

try {
  using netlink = openGenericNetlink()
  // The kernel gave the family a number when the module was loaded; this asks for it, by the name.
  const instance = await netlink.family(instanceFamily)
  const answer = await instance.ask('echo', { msg: process.argv[2] ?? 'Hello World!' })
  console.log(answer.msg)
} catch (error) {
  if (!(error instanceof OvsError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

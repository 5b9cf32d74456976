// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest generic netlink family that does something: it logs the message
 * that a client sends and answers with one of its own. For Linux 5.10 and newer.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "../pub/genl_ins_pub.h"

/* Came with Linux 6.0; it also tells the client which attribute is missing. */
#ifndef GENL_REQ_ATTR_CHECK
#define GENL_REQ_ATTR_CHECK(info, attr) (!(info)->attrs[attr])
#endif

static struct genl_family instance_family;

/*
 * The kernel checks every message against this before it calls instance_echo():
 * NLA_NUL_STRING, unlike NLA_STRING, insists on the NUL.
 */
static const struct nla_policy instance_policy[INSTANCE_A_MAX + 1] = {
	[INSTANCE_A_MSG] = { .type = NLA_NUL_STRING, .len = INSTANCE_MSG_MAX },
};

static int instance_reply(struct genl_info *info, const char *text)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(nla_total_size(strlen(text) + 1), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;

	/*
	 * This puts the request's own sequence number and port into the answer.
	 * A client tells by them that the answer is to its request; with any other
	 * number it would have to take the answer for a stray one.
	 */
	header = genlmsg_put_reply(skb, info, &instance_family, 0, INSTANCE_C_ECHO);
	if (!header || nla_put_string(skb, INSTANCE_A_MSG, text)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);

	/* To the network namespace that the request came from. Frees the skb in any case. */
	return genlmsg_reply(skb, info);
}

static int instance_echo(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *msg = info->attrs[INSTANCE_A_MSG];
	const char *text;

	/* No policy can say that an attribute must be there. */
	if (GENL_REQ_ATTR_CHECK(info, INSTANCE_A_MSG)) {
		NL_SET_ERR_MSG(info->extack, "INSTANCE_A_MSG is missing");
		return -EINVAL;
	}

	/*
	 * Anybody may send this, so nobody may fill the log with it, or smuggle a
	 * line of its own or a terminal's control sequence into it: %pE escapes
	 * whatever is not printable.
	 */
	text = nla_data(msg);
	pr_info_ratelimited("received: %*pE\n", (int)strnlen(text, nla_len(msg)), text);

	return instance_reply(info, INSTANCE_REPLY);
}

static const struct genl_small_ops instance_ops[] = {
	{
		.cmd = INSTANCE_C_ECHO,
		.doit = instance_echo,
		/* No GENL_ADMIN_PERM in .flags: every user may say hello. */
	},
};

/*
 * Two members are left out on purpose. The kernel gives out the number (.id) when
 * the family is registered. And .resv_start_op (Linux 6.1 and newer) excuses old
 * families from the checks of headers that new ones begin with.
 */
static struct genl_family instance_family __ro_after_init = {
	.name = INSTANCE_GENL_NAME,
	.version = INSTANCE_GENL_VERSION,
	.maxattr = INSTANCE_A_MAX,
	.policy = instance_policy,
	.netnsok = true,
	.module = THIS_MODULE,
	.small_ops = instance_ops,
	.n_small_ops = ARRAY_SIZE(instance_ops),
};

static int __init instance_init(void)
{
	return genl_register_family(&instance_family);
}
module_init(instance_init);

static void __exit instance_exit(void)
{
	genl_unregister_family(&instance_family);
}
module_exit(instance_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Smoke test of generic netlink: answers hello with hello");

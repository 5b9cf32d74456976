/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The protocol between netlink_instance.ko and its clients.
 *
 * The module includes this file, and so can a client in C. user/client.ts says
 * the same in TypeScript: what changes here changes there.
 */
#ifndef GENL_INS_PUB_H
#define GENL_INS_PUB_H

/* How a client finds the family: its number is given out when the module is loaded. */
#define INSTANCE_GENL_NAME	"gennl_ins"
#define INSTANCE_GENL_VERSION	1

/* The longest message, in bytes, without the NUL at its end. */
#define INSTANCE_MSG_MAX	127

/* What the module answers to every message. */
#define INSTANCE_REPLY		"Hello world from kernel space"

/*
 * Commands. A number once given out keeps its meaning: new ones come at the end.
 */
enum instance_command {
	INSTANCE_C_UNSPEC,

	/*
	 * A request carries INSTANCE_A_MSG. The answer is the same command, with
	 * INSTANCE_A_MSG and with the request's own sequence number.
	 */
	INSTANCE_C_ECHO = 1,

	__INSTANCE_C_MAX,
#define INSTANCE_C_MAX	(__INSTANCE_C_MAX - 1)
};

/* Attributes. */
enum instance_attribute {
	INSTANCE_A_UNSPEC,

	/* A string with a NUL at its end, of at most INSTANCE_MSG_MAX bytes without it. */
	INSTANCE_A_MSG = 1,

	__INSTANCE_A_MAX,
#define INSTANCE_A_MAX	(__INSTANCE_A_MAX - 1)
};

#endif /* GENL_INS_PUB_H */

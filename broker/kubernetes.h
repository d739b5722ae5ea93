/*
 * kubernetes.h - a credential as Kubernetes' clients want it: an
 * ExecCredential of client.authentication.k8s.io.
 */
#ifndef PARALLEL_BROKER_KUBERNETES_H
#define PARALLEL_BROKER_KUBERNETES_H

#include <stdint.h>

#include "lib/base/error.h"

/*
 * Print token as an ExecCredential of the version that KUBERNETES_EXEC_INFO
 * names, v1 without it. expires_at is in ms; 0: it does not expire. -1 with
 * FAIL_INPUT when that variable is no ExecCredential, or of a version that we
 * do not know.
 */
int kubernetes_print(const char *token, int64_t expires_at, struct error *err);

/* The same question without a token: whether there will be an answer. */
int kubernetes_check(struct error *err);

#endif

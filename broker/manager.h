/*
 * manager.h - the API key on the running systemd user manager.
 *
 * What the manager starts, graphical programs among them, has the environment
 * of the manager. When that starts, a generator puts the key there (see
 * conf/60-parallel-credential); at the very first login that is before there
 * is one, and the manager outlives every change of the key.
 */
#ifndef PARALLEL_BROKER_MANAGER_H
#define PARALLEL_BROKER_MANAGER_H

#include "broker/broker.h"

/*
 * Make the manager agree with the store that is loaded: the key of the
 * selected credential is set, or, when there is none, one that we have set is
 * taken away; so it is for who is not to be connected, and with
 * export_environment = no. A key that the person has set stays. Nothing
 * happens where no manager runs. Takes a few milliseconds, and two seconds
 * when systemd does not answer; failures are no matter.
 */
void manager_settle(const struct broker *b);

#endif

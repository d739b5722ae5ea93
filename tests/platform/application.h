/*
 * Applications that ask for an API key: those that registered their redirect
 * addresses, and those known by the host name they live at. See state.h for
 * the lock.
 */
#ifndef PLATFORM_APPLICATION_H
#define PLATFORM_APPLICATION_H

#include <json-c/json.h>
#include <stdbool.h>

/* Registers one; returns its id, which lives till it is forgotten. */
const char *application_new(struct json_object *redirect_uris);

/* Whether id was registered or is a host name. */
bool application_is_known(const char *id);

/*
 * Whether the browser may be sent back to that address: one that was
 * registered (see uri_is_same), or for a host name any address at https of
 * that host, or at http of this computer, which is where its programs listen.
 */
bool application_allows(const char *id, const char *redirect_uri);

/*
 * The host name that is shown to the person: of the first registered address,
 * or the id itself. It lives till the application is forgotten, or as long as
 * id.
 */
const char *application_host(const char *id);

/* Makes every registered id unknown. */
void application_reset(void);

#endif

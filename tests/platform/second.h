/*
 * The second service: a plain OAuth 2.0 server (RFC 6749) of somebody else,
 * with one client and one person, who stay the same till the platform ends.
 */
#ifndef PLATFORM_SECOND_H
#define PLATFORM_SECOND_H

/* Makes up the secrets; to be called once, before anything listens. */
void second_make(void);

/*
 * The client: id and secret have bytes that HTTP Basic wants encoded (RFC
 * 6749, section 2.3.1), but no quotation marks.
 */
const char *second_client_id(void);
const char *second_client_secret(void);

/* The person. */
const char *second_user(void);
const char *second_password(void);

#endif

#include "tests/platform/second.h"

#include <stdio.h>

#include "tests/platform/secret.h"

static char secret[SECRET_LENGTH + 16];
static char password[SECRET_LENGTH];

void
second_make(void)
{
    char random[SECRET_LENGTH];

    secret_make(random, "scs_");
    snprintf(secret, sizeof(secret), "%s+/%%: &=~.", random);
    secret_make(password, "spw_");
}

const char *
second_client_id(void)
{
    return "sandbox:app 1";
}

const char *
second_client_secret(void)
{
    return secret;
}

const char *
second_user(void)
{
    return "person@sandbox.invalid";
}

const char *
second_password(void)
{
    return password;
}

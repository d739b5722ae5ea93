#include "lib/wrap/verdict.h"

enum {
    VERDICT_NONE = 1, /* libcurl's own: it did not come to a verification */
    VERDICT_NO_ISSUER = 2,
    VERDICT_NOT_YET_VALID = 9,
    VERDICT_EXPIRED = 10,
    VERDICT_SELF_SIGNED = 18,
    VERDICT_SELF_SIGNED_CHAIN = 19,
    VERDICT_NO_LOCAL_ISSUER = 20,
    VERDICT_NO_FIRST_ISSUER = 21
};

bool
verdict_is_unknown_issuer(long verdict)
{
    return verdict == VERDICT_NO_ISSUER || verdict == VERDICT_SELF_SIGNED ||
           verdict == VERDICT_SELF_SIGNED_CHAIN ||
           verdict == VERDICT_NO_LOCAL_ISSUER ||
           verdict == VERDICT_NO_FIRST_ISSUER;
}

const char *
verdict_sentence(long verdict)
{
    if (verdict_is_unknown_issuer(verdict))
        return "its certificate is from an unknown issuer (if a proxy here "
               "opens TLS, set ca_file)";
    switch (verdict) {
    case VERDICT_EXPIRED:
        return "its certificate has expired (or the clock here is wrong)";
    case VERDICT_NOT_YET_VALID:
        return "its certificate is not valid yet (or the clock here is "
               "wrong)";
    case 0:
    case VERDICT_NONE:
        return "its certificate is for another host";
    default:
        return "its certificate is not valid";
    }
}

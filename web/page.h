/*
 * page.h - what a person sees in the browser in the end.
 */
#ifndef PARALLEL_WEB_PAGE_H
#define PARALLEL_WEB_PAGE_H

#include "lib/base/secret.h"

enum page {
    PAGE_DONE,     /* it worked */
    PAGE_REFUSED,  /* the person has refused */
    PAGE_FAILED,   /* it did not work */
    PAGE_ANSWERED, /* another browser was first */
    PAGE_USED,     /* the address to start with, a second time */
    PAGE_WRONG,    /* a request that is not the answer */
    PAGE_MISSING,  /* nothing is there */
    PAGE_METHOD,   /* another method than GET */
    PAGE_ELSEWHERE /* a moved one: for whom does not follow */
};

/* A whole HTML page; service is the name of who was signed in at. 0 or -1. */
int page_write(enum page page, const char *service, struct secret *out);

/* The style that is in each of them. */
extern const char page_style[];

#endif

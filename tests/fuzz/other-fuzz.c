/*
 * What a caller of git's protocol hands in, with --any-host: whatever it is,
 * what is kept of it comes back as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/answer.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/other.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
    if (!good)
        abort();
}

static int
open_input(const uint8_t *data, size_t size)
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("input", MFD_CLOEXEC);
    require(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
            file_write_all(fd, data, size) == 0 &&
            lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static void
check_text(const char *text)
{
    for (; *text; text++)
        require(*text > ' ' - 1 && *text < 0x7f);
}

/* Through the cache, and as an answer to who asks for it. */
static void
check_kept(struct other_request *request, const struct other *told)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(secret_release) struct secret answer = SECRET_INIT;
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    struct other again;

    check_text(told->key);
    check_text(told->user);
    check_text(told->secret);
    check_text(told->refresh);
    check_text(told->authtype);
    if (other_put_block(&text, told) < 0)
        return; /* too long for a line, once it is escaped */
    require(fields_parse(&block, text.data, text.len, false, NULL, NULL) == 0);
    require(other_read_block(&again, &block) == 0);
    require(*told->refresh || other_equals(&again, told));
    require(other_match(request, told, true));
    request->bearing = true;
    require(other_answer_git(&answer, request, told, 0) == 0 && answer.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(fields_release) struct fields block = FIELDS_INIT;
    CLEANUP(other_request_release) struct other_request request = {0};
    struct error err = ERROR_INIT;
    struct request ours;
    struct other told;

    if (request_receive(&block, open_input(data, size), &err) < 0) {
        require(err.failure != FAIL_NONE);
        return 0;
    }
    request_read(&ours, &block);
    if (other_request_git(&request, &block) == 0 &&
        other_request_view(&request, &told) == 0)
        check_kept(&request, &told);
    return 0;
}

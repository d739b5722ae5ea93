#include "lib/pending.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fields.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"
#include "lib/base/text.h"

#define PENDING_NAME      "pending"
#define PENDING_LOCK_NAME "polling"
#define PENDING_MAX       (64 * 1024)

/* The name of this boot, which says whether a time of the boot clock means
 * anything; "" when it has none. */
struct pending_boot {
    char id[64];
};

void
pending_release(struct pending *pending)
{
    if (!pending)
        return;
    provider_release(&pending->provider);
    free(pending->client_id);
    device_code_release(&pending->code);
    *pending = (struct pending){0};
}

bool
pending_is_over(const struct pending *pending)
{
    return clock_now().boot >= pending->code.ends_boot;
}

int64_t
pending_wait(const struct pending *pending)
{
    int64_t left = pending->next_poll - clock_now().real;

    /* Further off than the interval: the clock was set back. */
    return left < 0                           ? 0
           : left > pending->code.interval_ms ? pending->code.interval_ms
                                              : left;
}

static char *
pending_text(const struct fields *f, const char *key)
{
    const char *text = fields_get(f, key);

    return text ? strdup(text) : NULL;
}

static struct pending_boot
pending_boot(void)
{
    struct pending_boot boot = {""};
    cleanup_close int fd =
        open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, boot.id, sizeof boot.id - 1) < 0)
        return (struct pending_boot){""};
    boot.id[strcspn(boot.id, "\n")] = '\0';
    return boot;
}

/* The end on the boot clock; for a code of another boot as far as the real
 * clock knows. */
static int64_t
pending_ends_boot(const struct pending *p, const struct fields *f)
{
    struct pending_boot boot = pending_boot();
    struct moment now = clock_now();

    if (boot.id[0] && strcmp(fields_text(f, "boot"), boot.id) == 0)
        return fields_number(f, "ends_boot");
    return now.boot + p->ends - now.real;
}

static int
pending_read(struct pending *p, const struct fields *f)
{
    const char *code = fields_text(f, "device_code");
    const struct provider_kept kept = {.issuer = fields_text(f, "issuer"),
                                       .service_url =
                                           fields_text(f, "service_url"),
                                       .data_url = fields_text(f, "data_url"),
                                       .scopes = fields_text(f, "scopes")};

    if (provider_restore(&p->provider, &kept, NULL, NULL) < 0 ||
        (fields_get(f, "grants_key") &&
         provider_use_keys(&p->provider, kept.scopes) < 0) ||
        secret_set(&p->code.code, code, strlen(code)) < 0)
        return -1;
    p->client_id = pending_text(f, "client_id");
    p->code.user_code = pending_text(f, "user_code");
    p->code.verification_uri = pending_text(f, "verification_uri");
    p->code.verification_uri_complete =
        pending_text(f, "verification_uri_complete");
    p->code.interval_ms = fields_number(f, "interval");
    p->ends = fields_number(f, "ends_at");
    p->code.ends_boot = pending_ends_boot(p, f);
    p->code.expires_in_ms = p->code.ends_boot - clock_now().boot;
    p->next_poll = fields_number(f, "next_poll");
    p->unseen = fields_get(f, "unseen") != NULL;
    text_show(p->lost, sizeof p->lost, fields_text(f, "lost"));
    return p->client_id && p->code.user_code && p->code.verification_uri &&
                   *code && p->code.interval_ms > 0
               ? 0
               : -1;
}

enum pending_status
pending_load(struct pending *pending, const struct place *place)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(fields_release) struct fields f = FIELDS_INIT;
    cleanup_close int folder = -1;

    *pending = (struct pending){0};
    if (file_open_folder(place->state, false, &folder, NULL) != FILE_OK ||
        file_read(folder, "", PENDING_NAME, PENDING_MAX, &text, NULL, NULL) !=
            FILE_OK ||
        text.len == 0 ||
        fields_parse(&f, text.data, text.len, false, NULL, NULL) < 0 ||
        pending_read(pending, &f) < 0) {
        pending_release(pending);
        return PENDING_NONE;
    }
    return pending_is_over(pending) ? PENDING_OVER : PENDING_LIVE;
}

static int
pending_write(const struct pending *p, struct secret *text)
{
    const struct device_code *code = &p->code;
    const struct pending_boot boot = pending_boot();
    int result = provider_is_builtin(p->provider.name) ? 0 : -1;

    result |= fields_put(text, "issuer", p->provider.issuer) |
              fields_put(text, "service_url", p->provider.service_url) |
              fields_put(text, "data_url", p->provider.data_url) |
              fields_put(text, "scopes", p->provider.scopes) |
              fields_put(text, "client_id", p->client_id) |
              fields_put(text, "device_code", code->code.data) |
              fields_put(text, "user_code", code->user_code) |
              fields_put(text, "verification_uri", code->verification_uri) |
              fields_put_number(text, "interval", code->interval_ms) |
              fields_put_number(text, "ends_at", p->ends) |
              fields_put_number(text, "next_poll", p->next_poll);

    if (code->verification_uri_complete)
        result |= fields_put(text, "verification_uri_complete",
                             code->verification_uri_complete);
    if (boot.id[0])
        result |= fields_put(text, "boot", boot.id) |
                  fields_put_number(text, "ends_boot", code->ends_boot);
    if (p->provider.grants_key)
        result |= fields_put(text, "grants_key", "1");
    if (p->unseen)
        result |= fields_put(text, "unseen", "1");
    if (p->lost[0])
        result |= fields_put(text, "lost", p->lost);
    return result | fields_end(text);
}

int
pending_save(const struct pending *pending, const struct place *place,
             struct error *err)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    struct file_draft draft = FILE_DRAFT_INIT;
    cleanup_close int folder = -1;
    int result;

    if (pending_write(pending, &text) < 0)
        return error_set(err, FAIL_SERVICE, "pending",
                         "the code cannot be kept");
    if (file_open_folder(place->state, true, &folder, err) != FILE_OK)
        return -1;
    result = file_draft_open(&draft, folder, place->state, PENDING_NAME,
                             text.len, false, err);
    if (result == 0)
        result = file_draft_commit(&draft, text.data, text.len, err);
    file_draft_discard(&draft);
    return result;
}

void
pending_remove(const struct place *place)
{
    cleanup_close int folder = -1;

    if (file_open_folder(place->state, false, &folder, NULL) == FILE_OK)
        unlinkat(folder, PENDING_NAME, 0);
}

int
pending_take(const struct place *place, int limit_ms)
{
    cleanup_close int folder = -1;
    int fd = -1;

    if (file_open_folder(place->state, false, &folder, NULL) != FILE_OK ||
        lock_take(folder, "", PENDING_LOCK_NAME, LOCK_EXCLUSIVE, limit_ms, &fd,
                  NULL) != LOCK_TAKEN)
        return -1;
    return fd;
}

bool
pending_is_taken(const struct place *place, int fd)
{
    cleanup_close int folder = -1;

    return fd >= 0 &&
           file_open_folder(place->state, false, &folder, NULL) == FILE_OK &&
           lock_is_ours(folder, PENDING_LOCK_NAME, fd);
}

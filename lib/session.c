#include "lib/session.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/lock.h"
#include "lib/permit.h"

/* What the front has to read to answer anybody is short. */
#define SESSION_OTHERS_MOST 65536

/* Who is in which group is asked anew at least this often: ms. */
#define SESSION_CHECK (10 * 60 * 1000)

#define SESSION_RETRY_LEAST 30000
#define SESSION_RETRY_MOST  300000
#define SESSION_RETRY_SAID  3600000 /* the longest Retry-After we honour */

void
session_open(struct session *session, const struct config *config,
             const struct place *place, int lock)
{
    *session = (struct session)SESSION_INIT;
    session->config = config;
    session->place = place;
    if (file_open_folder(cache_folder(place), false, &session->folder, NULL) !=
        FILE_OK)
        return;
    if (lock >= 0 && lock_is_ours(session->folder, CACHE_LOCK_NAME, lock))
        session->lock = lock;
    cache_load(&session->old, place, session->folder);
}

int
session_lock(struct session *session, bool create, int64_t limit_ms,
             struct error *err)
{
    const char *path = cache_folder(session->place);

    if (session->lock >= 0)
        return 0;
    if (session->folder < 0 &&
        file_open_folder(path, create || session->place->runtime[0],
                         &session->folder, NULL) != FILE_OK)
        return 0;
    switch (lock_take(session->folder, path, CACHE_LOCK_NAME, LOCK_EXCLUSIVE,
                      (int)limit_ms, &session->lock, NULL)) {
    case LOCK_BUSY:
        return error_set(err, FAIL_SERVICE, "lock",
                         "another process has held the lock %s/%s for more "
                         "than %.4g s; try again",
                         path, CACHE_LOCK_NAME, (double)limit_ms / 1000);
    case LOCK_TAKEN:
        cache_load(&session->old, session->place, session->folder);
        break;
    case LOCK_FAILED:
        break; /* no cache then; the store has a lock of its own */
    }
    return 0;
}

void
session_unlock(struct session *session)
{
    if (session->lock >= 0)
        close(session->lock);
    session->lock = -1;
}

/* The block of the old cache that tells of the same access token. */
static const struct fields *
session_block(const struct session *session, const struct record *r)
{
    const struct fields *block =
        cache_find(&session->old, r->provider, r->issuer, r->org_id);

    return block && secret_equals(&r->access,
                                  fields_text(block, "access_token"))
               ? block
               : NULL;
}

void
session_recall(const struct session *session, struct store *store)
{
    struct record *r;
    size_t at = 0;

    while ((r = store_next(store, &at))) {
        const struct fields *block = session_block(session, r);
        int64_t usable = block ? fields_number(block, "usable_until_boot") : 0;
        int64_t skew = r->expires.real - record_usable_until(r).real;

        if (usable > 0)
            r->expires.boot = usable + skew;
    }
}

bool
session_may_retry(const struct session *session, const struct record *record,
                  struct moment now)
{
    const struct fields *block = session_block(session, record);

    return !block || cache_may_retry(block, now.real);
}

static int64_t
session_retry_wait(const struct fields *old, int64_t said_s)
{
    int64_t wait = old ? 2 * fields_number(old, "retry_wait") : 0;

    if (wait < SESSION_RETRY_LEAST)
        wait = SESSION_RETRY_LEAST;
    if (wait > SESSION_RETRY_MOST)
        wait = SESSION_RETRY_MOST;
    if (said_s > SESSION_RETRY_SAID / 1000)
        said_s = SESSION_RETRY_SAID / 1000;
    return said_s * 1000 > wait ? said_s * 1000 : wait;
}

static int
session_put_new_failure(struct secret *block, const struct fields *old,
                        const struct session_failure *failure)
{
    int64_t wait = session_retry_wait(old, failure->retry_after_s);
    int64_t now = clock_now().real;

    return fields_put_number(block, "failed_at", now) |
           fields_put_number(block, "failed_exit", failure->err->failure) |
           fields_put(block, "failed_text", failure->err->text) |
           fields_put_number(block, "retry_wait", wait) |
           fields_put_number(block, "retry_at", now + wait);
}

static int
session_put_old_failure(struct secret *block, const struct fields *old)
{
    static const char *const keys[] = {
        "failed_at", "failed_exit", "failed_text", "retry_wait", "retry_at"};
    int result = 0;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = fields_get(old, keys[i]);
        if (value)
            result |= fields_put(block, keys[i], value);
    }
    return result;
}

/* The boot clock's view: known, or reckoned from what is left. In a cache
 * that outlives the boot it would be wrong, so it stays out of that. */
static int64_t
session_boot(const struct session *session, struct moment when,
             struct moment now)
{
    if (!session->place->runtime[0] || when.real == 0)
        return 0;
    return when.boot ? when.boot
                     : clock_after((struct moment){0, now.boot},
                                   when.real - now.real)
                           .boot;
}

static int
session_put_moment(struct secret *block, const char *key, const char *boot_key,
                   struct moment when, int64_t boot)
{
    if (when.real == 0)
        return 0;
    return fields_put_number(block, key, when.real) |
           (boot ? fields_put_number(block, boot_key, boot) : 0);
}

static int
session_put_token(const struct session *session, struct secret *block,
                  const struct record *r)
{
    struct moment now = clock_now();
    struct moment usable = record_usable_until(r);
    struct moment due = record_renew_from(r);
    int64_t usable_boot = session_boot(session, usable, now);
    int64_t due_boot = session_boot(session, due, now);
    int result = fields_put(block, "access_token", r->access.data);

    if (r->expires.real)
        result |= fields_put_number(block, "expires_at", r->expires.real) |
                  fields_put_number(block, "lifetime", r->lifetime);
    if (!usable_boot)
        result |= fields_put_number(block, "valid_from", r->issued.real);
    return result |
           session_put_moment(block, "usable_until", "usable_until_boot",
                              usable, usable_boot) |
           session_put_moment(block, "renew_from", "renew_from_boot", due,
                              due_boot);
}

int
session_put_addresses(struct secret *block, const struct provider_kept *kept)
{
    struct provider provider;
    int result = 0;

    if (provider_restore(&provider, kept, NULL, NULL) < 0)
        return -1;
    for (char **each = provider.token_for; *each; each++)
        result |= fields_put(block, "token_for[]", *each);
    for (char **each = provider.key_for; *each; each++)
        result |= fields_put(block, "key_for[]", *each);
    if (provider.present != PRESENT_BEARER)
        result |= fields_put(block, "present",
                             settings_present_words[provider.present]);
    provider_release(&provider);
    return result;
}

int
session_put_credential(const struct session *session, struct secret *block,
                       const struct record *r)
{
    const struct provider_kept kept = record_kept(r);
    int result = fields_put(block, "provider", r->provider) |
                 fields_put(block, "issuer", r->issuer) |
                 fields_put(block, "org_id", r->org_id) |
                 session_put_addresses(block, &kept);

    if (!secret_is_empty(&r->access))
        result |= session_put_token(session, block, r);
    if (!secret_is_empty(&r->refresh))
        result |= fields_put(block, "renewable", "1");
    if (r->refused)
        result |= fields_put(block, "refused", "1");
    if (!secret_is_empty(&r->api_key))
        result |= fields_put(block, "api_key", r->api_key.data) |
                  fields_put(block, "api_key_id", record_key_id(r));
    if (permit_asks_organization(session->config))
        result |= fields_put(block, "own_key_void", "1");
    return result;
}

/* Appends the block of a record and counts it; a record that cannot be
 * written as a block (it has a line feed in a name, say), or that the policy
 * keeps back, is for the broker alone. */
static void
session_put_record(const struct session *session, struct secret *text,
                   const struct record *r,
                   const struct session_failure *failure, int64_t *count)
{
    CLEANUP(secret_release) struct secret block = SECRET_INIT;
    const struct fields *old = session_block(session, r);
    int result = permit_record(session->config, r, NULL) < 0
                     ? -1
                     : session_put_credential(session, &block, r);

    if (failure && failure->record == r)
        result |= session_put_new_failure(&block, old, failure);
    else if (old)
        result |= session_put_old_failure(&block, old);
    if (result == 0 && fields_end(&block) == 0 &&
        secret_append(text, block.data, block.len) == 0)
        ++*count;
}

/* The blocks of all records, the selected one first; returns their number.
 * None of one that has ended. */
static int64_t
session_put_records(const struct session *session, const struct store *all,
                    const struct session_failure *failure, struct secret *text)
{
    struct store view = *all, *store = &view; /* owns nothing */
    const struct record *first, *r;
    int64_t count = 0;
    size_t at = 0;

    view.ending = false;
    first = store_find(store, NULL, NULL, NULL);
    if (first)
        session_put_record(session, text, first, failure, &count);
    while ((r = store_next(store, &at)))
        if (r != first)
            session_put_record(session, text, r, failure, &count);
    return count;
}

/* The blocks of what is kept for other services; true when these are all. */
static bool
session_put_others(const struct store *store, struct secret *text)
{
    const struct record *r;
    bool whole = !store->unread;
    size_t at = 0;

    while ((r = store_next_other(store, &at))) {
        CLEANUP(secret_release) struct secret block = SECRET_INIT;
        const struct other other = record_other(r);

        if (other_put_block(&block, &other) < 0 ||
            text->len + block.len > SESSION_OTHERS_MOST ||
            secret_append(text, block.data, block.len) < 0)
            whole = false;
    }
    return whole;
}

static bool
session_home_is_default(const struct place *place)
{
    const struct passwd *pw = getpwuid(geteuid());

    return pw && pw->pw_dir && strcmp(pw->pw_dir, place->home) == 0;
}

/* The hosts of the configuration's providers. */
static int
session_put_hosts(const struct config *config, struct secret *text)
{
    int result = 0;

    for (size_t i = 0; i < config->provider_count; i++) {
        const char *hosts = config->provider[i].settings.hosts;
        cleanup_free char *words = hosts ? strdup(hosts) : NULL;
        char *rest = words, *word;

        while ((word = strsep(&rest, " ")))
            result |= fields_put(text, "sign_in_for[]", word);
        result |= hosts && !words ? -1 : 0;
    }
    return result;
}

/* What the cache was made from, and until when that can be relied on. */
static int
session_put_watches(const struct session *session, const struct store *store,
                    struct secret *text)
{
    const struct config *config = session->config;
    struct moment now = clock_now(), check = clock_after(now, SESSION_CHECK);
    int result = 0;

    if (policy_asks_groups(&config->policy))
        result = session_put_moment(text, "check_by", "check_by_boot", check,
                                    session_boot(session, check, now));
    /* Whom the databases do not have in a group may be in it still. */
    if (config->policy.list[POLICY_DENY_GROUPS].count > 0)
        result |= cache_put_groups(text);
    for (size_t i = 0; i < config->seen_count; i++)
        result |= cache_watch_seen(
            text, config->seen[i].path,
            config->seen[i].present ? &config->seen[i].st : NULL);
    return result | cache_watch_seen(text, store_shown(store),
                                     store->present ? &store->seen : NULL);
}

static int
session_put_header(const struct session *session, const struct store *store,
                   int64_t count, const struct secret *others, bool whole,
                   struct secret *text)
{
    const struct config *config = session->config;
    const struct provider_kept builtin = config_builtin(config);
    int result =
        fields_put(text, "format", CACHE_FORMAT) |
        fields_put_number(text, "credentials", count) |
        fields_put_number(text, "others", (long long)others->len) |
        fields_put(text, "provider", provider_parallel_name) |
        session_put_addresses(text, &builtin) |
        session_put_hosts(config, text) |
        fields_put(text, "home", session->place->home) |
        fields_put_number(text, "lock_timeout", config->lock_timeout_ms);

    if (whole)
        result |= fields_put(text, "others_whole", "1");
    if (session_home_is_default(session->place))
        result |= fields_put(text, "home_default", "1");
    if (config->export_environment)
        result |= fields_put(text, "export", "1");
    if (config->fixed_issuer)
        result |= fields_put(text, "issuer", config->fixed_issuer);
    if (config->origin[CONFIG_PLATFORM_URL].lock)
        result |= fields_put(text, "issuer_locked", "1");
    return result | session_put_watches(session, store, text) |
           fields_end(text);
}

/* There is one cache. One that was made when there was no runtime folder
 * would outlive the logout that this one tells of. */
static void
session_remove_other(const struct session *session)
{
    cleanup_close int state = -1;

    if (session->place->runtime[0] &&
        file_open_folder(session->place->state, false, &state, NULL) ==
            FILE_OK)
        unlinkat(state, CACHE_NAME, 0);
}

bool
session_takes_back(const struct session *session, const struct store *all)
{
    struct store view = *all; /* owns nothing */
    const struct record *r;
    size_t at = 0;

    view.ending = false;
    while ((r = store_next(&view, &at)))
        if (cache_find(&session->old, r->provider, r->issuer, r->org_id) &&
            permit_record(session->config, r, NULL) < 0)
            return true;
    return false;
}

void
session_publish(struct session *session, const struct store *store,
                const struct session_failure *failure)
{
    CLEANUP(secret_release) struct secret text = SECRET_INIT;
    CLEANUP(secret_release) struct secret blocks = SECRET_INIT;
    CLEANUP(secret_release) struct secret others = SECRET_INIT;
    struct file_draft draft = FILE_DRAFT_INIT;
    int64_t count;
    bool whole;
    int result;

    if (session->folder < 0 || session->lock < 0)
        return;
    session_remove_other(session);
    /* On a disk lies only what may lie there anyway. */
    if (!session->place->runtime[0] && !store_is_file(store)) {
        unlinkat(session->folder, CACHE_NAME, 0);
        return;
    }
    count = session_put_records(session, store, failure, &blocks);
    whole = session_put_others(store, &others);
    result = session_put_header(session, store, count, &others, whole, &text) |
             secret_append(&text, blocks.data, blocks.len) |
             secret_append(&text, others.data, others.len);
    if (result == 0)
        result = file_draft_open(&draft, session->folder, "", CACHE_NAME, 0,
                                 false, NULL);
    if (result == 0)
        result = file_draft_commit(&draft, text.data, text.len, NULL);
    file_draft_discard(&draft);
    session->published = result == 0;
    if (result != 0)
        unlinkat(session->folder, CACHE_NAME, 0);
}

bool
session_withdraw(struct session *session)
{
    bool gone = false;

    if (session->folder >= 0 && session->old.count > 0 &&
        session_lock(session, false, 0, NULL) == 0 && session->lock >= 0)
        gone = unlinkat(session->folder, CACHE_NAME, 0) == 0;
    session_unlock(session);
    return gone;
}

void
session_release(struct session *session)
{
    session_unlock(session);
    cache_release(&session->old);
    if (session->folder >= 0)
        close(session->folder);
    *session = (struct session)SESSION_INIT;
}

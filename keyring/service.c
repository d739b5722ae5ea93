#include "keyring/service.h"

#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/keyring.h"
#include "lib/base/text.h"

#define SERVICE_NAME       "org.freedesktop.secrets"
#define SERVICE_PATH       "/org/freedesktop/secrets"
#define SERVICE_ALIAS      "/org/freedesktop/secrets/aliases/default"
#define SERVICE_INTERFACE  "org.freedesktop.Secret.Service"
#define SERVICE_COLLECTION "org.freedesktop.Secret.Collection"
#define SERVICE_ITEM       "org.freedesktop.Secret.Item"
#define SERVICE_SCHEMA     "ai.parallel.Credential"
#define SERVICE_CALL_LIMIT 25000 /* ms */

/* Where we ask, and the session in which secrets travel encrypted. */
static GDBusConnection *service_bus;
static SecretService *service_secrets;
static bool service_may_start;

static int
service_fail(struct service_answer *answer, const char *state)
{
    answer->state = state;
    return -1;
}

/* Only the name of an error is passed on: its text is anybody's. */
static const char *
service_judge(const GError *error, const char *name)
{
    if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED) ||
        g_str_has_prefix(name, "org.freedesktop.DBus.Error.Spawn."))
        return KEYRING_SAYS_ABSENT;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT) ||
        g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT))
        return KEYRING_SAYS_HUNG;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
        g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) ||
        g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return KEYRING_SAYS_NO_BUS;
    if (g_error_matches(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED) ||
        strcmp(name, "org.freedesktop.Secret.Error.IsLocked") == 0)
        return KEYRING_SAYS_LOCKED;
    return KEYRING_SAYS_REFUSED;
}

static int
service_trouble(struct service_answer *answer, GError *error)
{
    char *name = g_dbus_error_get_remote_error(error);

    text_show(answer->said, sizeof answer->said,
              name ? name : g_quark_to_string(error->domain));
    answer->state = service_judge(error, name ? name : "");
    g_free(name);
    g_error_free(error);
    return -1;
}

/* A call on the bus. NULL with the reason in *answer. The arguments are taken
 * over. */
static GVariant *
service_call_at(const char *name, const char *path, const char *interface,
                const char *method, GVariant *arguments, const char *type,
                struct service_answer *answer)
{
    GError *error = NULL;
    GVariant *reply = g_dbus_connection_call_sync(
        service_bus, name, path, interface, method, arguments,
        G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NO_AUTO_START,
        SERVICE_CALL_LIMIT, NULL, &error);

    if (!reply)
        service_trouble(answer, error);
    return reply;
}

static GVariant *
service_call(const char *path, const char *interface, const char *method,
             GVariant *arguments, const char *type,
             struct service_answer *answer)
{
    return service_call_at(SERVICE_NAME, path, interface, method, arguments,
                           type, answer);
}

static GVariant *
service_call_bus(const char *method, GVariant *arguments, const char *type,
                 struct service_answer *answer)
{
    return service_call_at("org.freedesktop.DBus", "/org/freedesktop/DBus",
                           "org.freedesktop.DBus", method, arguments, type,
                           answer);
}

/* The user who listens there; -1 when there is no telling. */
static uid_t
service_bus_owner(void)
{
    GIOStream *stream = g_dbus_connection_get_stream(service_bus);
    GCredentials *peer = NULL;
    uid_t owner = (uid_t)-1;

    if (G_IS_SOCKET_CONNECTION(stream))
        peer = g_socket_get_credentials(
            g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)), NULL);
    if (peer)
        owner = g_credentials_get_unix_user(peer, NULL);
    g_clear_object(&peer);
    return owner;
}

/* An address may have come here from somebody else: su keeps it. Whoever
 * listens there would get to know all that is kept. */
static int
service_check_bus(struct service_answer *answer)
{
    uid_t owner = service_bus_owner();

    if (owner == geteuid() || owner == 0)
        return 0;
    g_clear_object(&service_bus);
    text_show(answer->said, sizeof answer->said,
              "the session bus is another user's");
    return service_fail(answer, KEYRING_SAYS_REFUSED);
}

static int
service_connect(const char *bus_path, struct service_answer *answer)
{
    GError *error = NULL;

    if (bus_path) {
        char *escaped = g_dbus_address_escape_value(bus_path);
        char *address = g_strconcat("unix:path=", escaped, NULL);

        g_setenv("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
        g_free(address);
        g_free(escaped);
    }
    service_bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, &error);
    if (service_bus) {
        g_dbus_connection_set_exit_on_close(service_bus, FALSE);
        return service_check_bus(answer);
    }
    service_trouble(answer, error);
    return service_fail(answer, KEYRING_SAYS_NO_BUS);
}

/* Have the bus start who offers the Secret Service. */
static int
service_start(struct service_answer *answer)
{
    GVariant *reply = service_call_bus("StartServiceByName",
                                       g_variant_new("(su)", SERVICE_NAME, 0),
                                       "(u)", answer);

    if (!reply)
        return -1;
    g_variant_unref(reply);
    return 0;
}

int
service_open(const char *bus_path, bool start, struct service_answer *answer)
{
    service_may_start = start;
    return service_bus || service_connect(bus_path, answer) == 0 ? 0 : -1;
}

/* The session in which secrets travel encrypted: agreeing on its key takes
 * longer than all else, so only where there is a secret. Whoever offers the
 * Secret Service is there. */
static int
service_agree(struct service_answer *answer)
{
    GError *error = NULL;

    if (!service_secrets)
        service_secrets =
            secret_service_get_sync(SECRET_SERVICE_OPEN_SESSION, NULL, &error);
    return service_secrets ? 0 : service_trouble(answer, error);
}

static int
service_look(const char *path, gboolean *closed, struct service_answer *answer)
{
    GVariant *locked,
        *reply =
            service_call(path, "org.freedesktop.DBus.Properties", "Get",
                         g_variant_new("(ss)", SERVICE_COLLECTION, "Locked"),
                         "(v)", answer);

    if (!reply)
        return -1;
    g_variant_get(reply, "(v)", &locked);
    *closed = !g_variant_is_of_type(locked, G_VARIANT_TYPE_BOOLEAN) ||
              g_variant_get_boolean(locked);
    g_variant_unref(locked);
    g_variant_unref(reply);
    return 0;
}

/* The default keyring; to be freed. NULL with the reason, also when it is
 * locked. */
static char *
service_default(struct service_answer *answer)
{
    gboolean closed = TRUE;
    char *path = NULL;
    GVariant *reply =
        service_call(SERVICE_PATH, SERVICE_INTERFACE, "ReadAlias",
                     g_variant_new("(s)", "default"), "(o)", answer);

    if (!reply)
        return NULL;
    g_variant_get(reply, "(o)", &path);
    g_variant_unref(reply);
    if (strcmp(path, "/") == 0)
        service_fail(answer, KEYRING_SAYS_NO_KEYRING);
    else if (service_look(path, &closed, answer) == 0 && closed)
        service_fail(answer, KEYRING_SAYS_LOCKED);
    if (!closed)
        return path;
    g_free(path);
    return NULL;
}

/* Whether the default keyring is open: most know it by the path of its alias,
 * which saves a question. -1 with the reason. */
static int
service_is_open(struct service_answer *answer)
{
    struct service_answer ignored = {0};
    gboolean closed = TRUE;
    char *path;

    if (service_look(SERVICE_ALIAS, &closed, &ignored) == 0 && !closed)
        return 0;
    path = service_default(answer);
    g_free(path);
    return path ? 0 : -1;
}

/* The items of ours, or of one credential of ours: *open can be read. */
static int
service_search(const struct service_item *item, GVariant **open, bool *locked,
               struct service_answer *answer)
{
    GVariantBuilder attributes;
    GVariant *search, *reply, *closed;

    g_variant_builder_init(&attributes, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&attributes, "{ss}", "xdg:schema", SERVICE_SCHEMA);
    if (item) {
        g_variant_builder_add(&attributes, "{ss}", "issuer", item->issuer);
        g_variant_builder_add(&attributes, "{ss}", "organization",
                              item->organization);
    }
    search = g_variant_ref_sink(g_variant_new("(a{ss})", &attributes));
    reply = service_call(SERVICE_PATH, SERVICE_INTERFACE, "SearchItems",
                         search, "(aoao)", answer);
    /* The first question to it: is anybody there? */
    if (!reply && service_may_start &&
        strcmp(answer->state, KEYRING_SAYS_ABSENT) == 0 &&
        service_start(answer) == 0)
        reply = service_call(SERVICE_PATH, SERVICE_INTERFACE, "SearchItems",
                             search, "(aoao)", answer);
    g_variant_unref(search);
    if (!reply)
        return -1;
    g_variant_get(reply, "(@ao@ao)", open, &closed);
    *locked = g_variant_n_children(closed) > 0;
    g_variant_unref(closed);
    g_variant_unref(reply);
    return 0;
}

static void
service_hand_over(GVariant *encrypted,
                  void (*take)(void *context, const char *secret, size_t len),
                  void *context)
{
    SecretValue *value =
        secret_service_decode_dbus_secret(service_secrets, encrypted);
    const char *text;
    gsize len;

    if (!value)
        return;
    text = secret_value_get(value, &len);
    take(context, text, len);
    secret_value_unref(value);
}

static int
service_read(GVariant *paths,
             void (*take)(void *context, const char *secret, size_t len),
             void *context, struct service_answer *answer)
{
    GVariant *reply, *secrets, *encrypted;
    GVariantIter each;

    if (g_variant_n_children(paths) == 0)
        return 0;
    if (service_agree(answer) < 0)
        return -1;
    reply = service_call(
        SERVICE_PATH, SERVICE_INTERFACE, "GetSecrets",
        g_variant_new("(@aoo)", paths,
                      secret_service_get_session_dbus_path(service_secrets)),
        "(a{o(oayays)})", answer);
    if (!reply)
        return -1;
    g_variant_get(reply, "(@a{o(oayays)})", &secrets);
    g_variant_iter_init(&each, secrets);
    while (g_variant_iter_next(&each, "{o@(oayays)}", NULL, &encrypted)) {
        service_hand_over(encrypted, take, context);
        g_variant_unref(encrypted);
    }
    g_variant_unref(secrets);
    g_variant_unref(reply);
    return 0;
}

int
service_load(void (*take)(void *context, const char *secret, size_t len),
             void *context, struct service_answer *answer)
{
    GVariant *open = NULL;
    bool locked = false;
    int result;

    if (service_search(NULL, &open, &locked, answer) < 0)
        return -1;
    result = service_read(open, take, context, answer);
    g_variant_unref(open);
    if (result < 0 || service_is_open(answer) < 0)
        return -1;
    answer->state = locked ? KEYRING_SAYS_LOCKED : KEYRING_SAYS_OK;
    return 0;
}

/* What was done took a prompt, which nobody shall see. */
static int
service_dismiss(const char *prompt, struct service_answer *answer)
{
    struct service_answer ignored = {0};
    GVariant *reply;

    if (strcmp(prompt, "/") == 0)
        return 0;
    reply = service_call(prompt, "org.freedesktop.Secret.Prompt", "Dismiss",
                         NULL, "()", &ignored);
    if (reply)
        g_variant_unref(reply);
    text_show(answer->said, sizeof answer->said,
              "it would ask a person first");
    return service_fail(answer, KEYRING_SAYS_REFUSED);
}

static GVariant *
service_properties(const struct service_item *item, const char *label)
{
    GVariantBuilder attributes, properties;

    g_variant_builder_init(&attributes, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&attributes, "{ss}", "xdg:schema", SERVICE_SCHEMA);
    g_variant_builder_add(&attributes, "{ss}", "issuer", item->issuer);
    g_variant_builder_add(&attributes, "{ss}", "organization",
                          item->organization);
    g_variant_builder_init(&properties, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&properties, "{sv}", SERVICE_ITEM ".Label",
                          g_variant_new_string(label));
    g_variant_builder_add(&properties, "{sv}", SERVICE_ITEM ".Attributes",
                          g_variant_builder_end(&attributes));
    return g_variant_builder_end(&properties);
}

static GVariant *
service_create(const char *keyring, const struct service_item *item,
               const char *label, GVariant *encrypted,
               struct service_answer *answer)
{
    return service_call(keyring, SERVICE_COLLECTION, "CreateItem",
                        g_variant_new("(@a{sv}@(oayays)b)",
                                      service_properties(item, label),
                                      encrypted, TRUE),
                        "(oo)", answer);
}

/* By the path of the alias first, as service_is_open(). */
static GVariant *
service_create_default(const struct service_item *item, const char *label,
                       GVariant *encrypted, struct service_answer *answer)
{
    GVariant *reply =
        service_create(SERVICE_ALIAS, item, label, encrypted, answer);
    char *keyring;

    if (reply || strcmp(answer->state, KEYRING_SAYS_REFUSED) != 0)
        return reply;
    keyring = service_default(answer);
    if (keyring)
        reply = service_create(keyring, item, label, encrypted, answer);
    g_free(keyring);
    return reply;
}

int
service_save(const struct service_item *item, const char *label,
             const char *secret, struct service_answer *answer)
{
    SecretValue *value;
    GVariant *encrypted, *reply;
    const char *prompt;
    int result;

    if (service_agree(answer) < 0)
        return -1;
    value = secret_value_new(secret, (gssize)strlen(secret), "text/plain");
    encrypted = g_variant_ref_sink(
        secret_service_encode_dbus_secret(service_secrets, value));
    secret_value_unref(value);
    reply = service_create_default(item, label, encrypted, answer);
    g_variant_unref(encrypted);
    if (!reply)
        return -1;
    g_variant_get(reply, "(o&o)", NULL, &prompt);
    result = service_dismiss(prompt, answer);
    g_variant_unref(reply);
    if (result == 0)
        answer->state = KEYRING_SAYS_OK;
    return result;
}

static int
service_erase_one(const char *path, struct service_answer *answer)
{
    GVariant *reply =
        service_call(path, SERVICE_ITEM, "Delete", NULL, "(o)", answer);
    const char *prompt;
    int result;

    if (!reply)
        return -1;
    g_variant_get(reply, "(&o)", &prompt);
    result = service_dismiss(prompt, answer);
    g_variant_unref(reply);
    return result;
}

int
service_erase(const struct service_item *item, struct service_answer *answer)
{
    GVariant *open = NULL;
    GVariantIter each;
    const char *path;
    bool locked = false;
    int result = 0;

    /* A closed keyring shows nothing: that is no sign that all is gone. */
    if (service_is_open(answer) < 0)
        return -1;
    if (service_search(item, &open, &locked, answer) < 0)
        return -1;
    g_variant_iter_init(&each, open);
    while (result == 0 && g_variant_iter_next(&each, "&o", &path))
        result = service_erase_one(path, answer);
    g_variant_unref(open);
    if (result == 0 && locked)
        return service_fail(answer, KEYRING_SAYS_LOCKED);
    if (result == 0)
        answer->state = KEYRING_SAYS_OK;
    return result;
}

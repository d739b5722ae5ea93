#include "tests/platform/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/platform/clock.h"
#include "tests/platform/memory.h"
#include "tests/platform/value.h"

static FILE *file;
static struct json_object *kept[LOG_KEPT]; /* place % LOG_KEPT */
static unsigned long first; /* the place of the first since the reset */
static unsigned long next;

bool
log_open(const char *dir)
{
    char *path = memory_format("%s/requests.log", dir);

    file = fopen(path, "ae");
    free(path);
    return file != NULL;
}

void
log_close(void)
{
    if (file)
        fclose(file);
    file = NULL;
    log_reset();
}

static enum MHD_Result
add_name(void *array, enum MHD_ValueKind kind, const char *name,
         const char *value)
{
    (void)kind;
    (void)value;
    json_object_array_add(array, value_text(name));
    return MHD_YES;
}

static struct json_object *
describe(const struct request *request, enum endpoint endpoint)
{
    struct json_object *out = json_object_new_object();
    struct json_object *headers = json_object_new_array();
    struct json_object *fields = json_object_new_array();
    struct json_object *query = json_object_new_array();
    const char *client = form_get(&request->form, "client_id");

    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, add_name,
                              headers);
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
                              add_name, query);
    for (size_t i = 0; i < request->form.count; i++)
        json_object_array_add(fields,
                              value_text(request->form.fields[i].name));
    value_add(out, "ms", value_number(round(clock_since_start() * 10) / 10));
    value_add(out, "method", value_text(request->method));
    value_add(out, "path", value_text(request->path));
    value_add(out, "endpoint", value_text(endpoint_name(endpoint)));
    value_add(
        out, "client",
        value_text(client ? client : request_query(request, "client_id")));
    value_add(out, "status", NULL);
    value_add(out, "header_names", headers);
    value_add(out, "query_fields", query);
    value_add(out, "form_fields", fields);
    value_add(out, "content_type",
              value_text(request_header(request, "Content-Type")));
    value_add(out, "user_agent",
              value_text(request_header(request, "User-Agent")));
    return out;
}

unsigned long
log_begin(const struct request *request, enum endpoint endpoint)
{
    struct json_object *one = describe(request, endpoint);

    value_add(one, "n", value_number((double)(next - first + 1)));
    json_object_put(kept[next % LOG_KEPT]);
    kept[next % LOG_KEPT] = one;
    return next++;
}

void
log_end(unsigned long place, unsigned status)
{
    struct json_object *one;

    if (place < first || place + LOG_KEPT < next)
        return;
    one = kept[place % LOG_KEPT];
    value_add(one, "status", value_number(status));
    if (!file)
        return;
    fprintf(file, "%s\n",
            json_object_to_json_string_ext(
                one, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    fflush(file);
}

struct json_object *
log_describe(void)
{
    struct json_object *out = json_object_new_array();
    unsigned long from = next - first > LOG_KEPT ? next - LOG_KEPT : first;

    for (unsigned long i = from; i < next; i++)
        json_object_array_add(out, json_object_get(kept[i % LOG_KEPT]));
    return out;
}

void
log_reset(void)
{
    for (int i = 0; i < LOG_KEPT; i++) {
        json_object_put(kept[i]);
        kept[i] = NULL;
    }
    first = next;
}

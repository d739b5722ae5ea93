#include "tests/platform/reply.h"

#include <stdlib.h>
#include <string.h>

#include "tests/platform/memory.h"
#include "tests/platform/value.h"

void
reply_bytes(struct reply *reply, unsigned status, const char *type, char *body,
            size_t length)
{
    reply_release(reply);
    reply->status = status;
    reply->type = memory_copy(type);
    reply->body = body;
    reply->length = length;
    reply_header(reply, "Cache-Control", "no-store");
    reply_header(reply, "Pragma", "no-cache");
}

void
reply_json(struct reply *reply, unsigned status, struct json_object *object)
{
    const char *text = json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    char *body = memory_copy(text);

    reply_bytes(reply, status, "application/json", body, strlen(body));
    json_object_put(object);
}

void
reply_header(struct reply *reply, const char *name, const char *value)
{
    if (reply->headers == REPLY_HEADERS)
        abort();
    reply->header[reply->headers].name = name;
    reply->header[reply->headers++].value = memory_copy(value);
}

void
reply_detail(struct reply *reply, unsigned status, const char *text)
{
    struct json_object *object = json_object_new_object();

    value_add(object, "detail", value_text(text));
    reply_json(reply, status, object);
}

void
reply_invalid(struct reply *reply, const char *part, const char *field,
              const char *message, const char *type)
{
    struct json_object *object = json_object_new_object();
    struct json_object *list = json_object_new_array();
    struct json_object *one = json_object_new_object();
    struct json_object *where = json_object_new_array();

    json_object_array_add(where, value_text(part));
    if (field)
        json_object_array_add(where, value_text(field));
    value_add(one, "loc", where);
    value_add(one, "msg", value_text(message));
    value_add(one, "type", value_text(type));
    json_object_array_add(list, one);
    value_add(object, "detail", list);
    reply_json(reply, 422, object);
}

void
reply_add_headers(const struct reply *reply, struct MHD_Response *response)
{
    if (reply->type && *reply->type)
        MHD_add_response_header(response, "Content-Type", reply->type);
    for (size_t i = 0; i < reply->headers; i++)
        MHD_add_response_header(response, reply->header[i].name,
                                reply->header[i].value);
}

struct MHD_Response *
reply_response(const struct reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->length, reply->body, MHD_RESPMEM_MUST_COPY);

    if (response)
        reply_add_headers(reply, response);
    return response;
}

enum MHD_Result
reply_send(const struct reply *reply, const struct request *request)
{
    struct MHD_Response *response = reply_response(reply);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    result = MHD_queue_response(request->connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

void
reply_release(struct reply *reply)
{
    for (size_t i = 0; i < reply->headers; i++)
        free(reply->header[i].value);
    free(reply->type);
    free(reply->body);
    memset(reply, 0, sizeof(*reply));
}

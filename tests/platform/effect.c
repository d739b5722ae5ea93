#include "tests/platform/effect.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/memory.h"
#include "tests/platform/oauth.h"
#include "tests/platform/secret.h"

#define GARBAGE 4096

/* A body that is made while it is sent. */
struct stream {
    const struct request *request;
    unsigned epoch;
    double ms;       /* drip: the pause before each byte */
    uint64_t length; /* huge, reset-mid: how much is sent */
    char *bytes;     /* reset-mid: what is sent */
};

bool
effect_lets_process(const struct trouble *trouble)
{
    switch (trouble->kind) {
    case TROUBLE_DELAY:
    case TROUBLE_GATE:
    case TROUBLE_RESET_AFTER:
    case TROUBLE_RESET_MID:
    case TROUBLE_TRUNCATE:
        return true;
    default:
        return false;
    }
}

static void
stream_free(void *of)
{
    struct stream *stream = of;

    free(stream->bytes);
    free(stream);
}

static ssize_t
drip(void *of, uint64_t at, char *out, size_t room)
{
    const struct stream *stream = of;

    (void)at;
    if (room == 0)
        return 0;
    if (request_is_gone(stream->request, stream->epoch, stream->ms))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    *out = ' ';
    return 1;
}

static ssize_t
huge(void *of, uint64_t at, char *out, size_t room)
{
    static const char start[] = "{\"padding\":\"";
    const struct stream *stream = of;

    if (at >= stream->length)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (room > stream->length - at)
        room = (size_t)(stream->length - at);
    for (size_t i = 0; i < room; i++)
        out[i] = at + i < sizeof(start) - 1 ? start[at + i] : 'x';
    return (ssize_t)room;
}

static ssize_t
half(void *of, uint64_t at, char *out, size_t room)
{
    const struct stream *stream = of;

    if (at >= stream->length) {
        request_drain(stream->request);
        request_reset(stream->request);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (room > stream->length - at)
        room = (size_t)(stream->length - at);
    memcpy(out, stream->bytes + at, room);
    return (ssize_t)room;
}

/* Queues a streamed body of size bytes, or MHD_SIZE_UNKNOWN. */
static enum MHD_Result
send_stream(struct stream *stream, uint64_t size, const struct reply *like,
            ssize_t (*reader)(void *, uint64_t, char *, size_t))
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        size, 16384, reader, stream, stream_free);
    enum MHD_Result result;

    if (!response) {
        stream_free(stream);
        return MHD_NO;
    }
    reply_add_headers(like, response);
    result = MHD_queue_response(stream->request->connection, like->status,
                                response);
    MHD_destroy_response(response);
    return result;
}

static struct stream *
stream_new(const struct request *request, unsigned epoch,
           const struct trouble *trouble)
{
    struct stream *stream = memory_new(sizeof(*stream));

    stream->request = request;
    stream->epoch = epoch;
    stream->ms = trouble->ms;
    stream->length = (uint64_t)trouble->bytes;
    return stream;
}

static enum MHD_Result
send_half(const struct request *request, unsigned epoch,
          const struct trouble *trouble, const struct reply *reply)
{
    struct stream *stream = stream_new(request, epoch, trouble);

    stream->length = reply->length / 2;
    stream->bytes = memory_new(reply->length + 1);
    if (reply->length > 0)
        memcpy(stream->bytes, reply->body, reply->length);
    return send_stream(stream, reply->length, reply, half);
}

static void
make_bytes(struct reply *out, const struct trouble *trouble, unsigned status,
           const char *type, const char *body)
{
    if (trouble->status)
        status = trouble->status;
    if (trouble->content_type)
        type = trouble->content_type;
    if (trouble->body)
        body = trouble->body;
    reply_bytes(out, status, type, memory_copy(body), strlen(body));
    if (trouble->retry_after)
        reply_header(out, "Retry-After", trouble->retry_after);
    if (trouble->location)
        reply_header(out, "Location", trouble->location);
}

static void
make_garbage(struct reply *out, const struct trouble *trouble)
{
    make_bytes(out, trouble, 200, "application/json", "");
    free(out->body);
    out->body = memory_new(GARBAGE);
    out->length = GARBAGE;
    secret_bytes(out->body, GARBAGE);
    out->body[1] = '\0';
}

static void
make_error(struct reply *out, const struct trouble *trouble)
{
    oauth_error(out, trouble->error ? trouble->error : "server_error",
                trouble->description);
    if (trouble->status)
        out->status = trouble->status;
    if (trouble->retry_after)
        reply_header(out, "Retry-After", trouble->retry_after);
}

/* The answer of a trouble that has an ordinary one. */
static void
make(struct reply *out, const struct trouble *trouble)
{
    static const char json[] = "application/json";
    static const char page[] =
        "<!DOCTYPE html>\n<html><head><title>Welcome to the network</title>"
        "</head>\n<body><h1>Sign in to use this network</h1></body></html>\n";

    switch (trouble->kind) {
    case TROUBLE_EMPTY:
        make_bytes(out, trouble, 200, json, "");
        break;
    case TROUBLE_ERROR:
        make_error(out, trouble);
        break;
    case TROUBLE_GARBAGE:
        make_garbage(out, trouble);
        break;
    case TROUBLE_HTML:
        make_bytes(out, trouble, 200, "text/html; charset=utf-8", page);
        break;
    case TROUBLE_NULL:
        make_bytes(out, trouble, 200, json, "null");
        break;
    case TROUBLE_DRIP:
    case TROUBLE_HUGE:
        make_bytes(out, trouble, 200, json, "");
        break;
    default:
        make_bytes(out, trouble, 503, "text/plain; charset=utf-8",
                   "Trouble was ordered\n");
    }
}

static enum MHD_Result
die(const struct request *request)
{
    request_reset(request);
    return MHD_NO;
}

/* Troubles that take the answer that processing gave. */
static enum MHD_Result
spoil(const struct trouble *trouble, const struct request *request,
      unsigned epoch, const struct reply *reply, unsigned *status)
{
    struct reply cut = *reply;

    *status = reply->status;
    switch (trouble->kind) {
    case TROUBLE_RESET_AFTER:
        *status = 0;
        return die(request);
    case TROUBLE_RESET_MID:
        return send_half(request, epoch, trouble, reply);
    case TROUBLE_TRUNCATE:
        cut.length /= 2;
        return reply_send(&cut, request);
    default:
        return reply_send(reply, request);
    }
}

enum MHD_Result
effect_send(const struct trouble *trouble, const struct request *request,
            unsigned epoch, const struct reply *reply, unsigned *status)
{
    struct reply made = {0};
    enum MHD_Result result;

    *status = 0;
    if (effect_lets_process(trouble))
        return spoil(trouble, request, epoch, reply, status);
    if (trouble->kind == TROUBLE_RESET)
        return die(request);
    if (trouble->kind == TROUBLE_HANG) {
        request_is_gone(request, epoch, -1);
        return MHD_NO;
    }
    make(&made, trouble);
    *status = made.status;
    if (trouble->kind == TROUBLE_DRIP)
        result = send_stream(stream_new(request, epoch, trouble),
                             MHD_SIZE_UNKNOWN, &made, drip);
    else if (trouble->kind == TROUBLE_HUGE)
        result = send_stream(stream_new(request, epoch, trouble),
                             MHD_SIZE_UNKNOWN, &made, huge);
    else
        result = reply_send(&made, request);
    reply_release(&made);
    return result;
}

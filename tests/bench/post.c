/*
 * post.c - the least a program can do to renew a token with libcurl: the
 * measure for a renewal by the broker.
 *
 *     post URL CA_FOLDER CLIENT_ID TOKEN_FILE
 *
 * POSTs grant_type=refresh_token with the refresh token in TOKEN_FILE, takes
 * the next one out of the answer and writes it over the old one (they are of
 * one length here). No JSON library, no configuration, no lock, no second
 * copy, nothing flushed to the disk. The request is a good one each time, so
 * that the server does for us what it does for the broker.
 *
 * As in the broker, certificates are looked up in CA_FOLDER: libcurl's own
 * default on Debian would read the bundle of all of them too, for 18 ms.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct answer {
    char text[16384];
    size_t len;
};

static size_t
answer_take(char *data, size_t size, size_t count, void *user)
{
    struct answer *answer = user;
    size_t len = size * count;

    if (answer->len + len >= sizeof answer->text)
        return 0;
    memcpy(answer->text + answer->len, data, len);
    answer->len += len;
    answer->text[answer->len] = '\0';
    return len;
}

static int
post(const char *url, const char *folder, const char *form,
     struct answer *answer)
{
    CURLcode code = CURLE_FAILED_INIT;
    CURL *curl;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    if (curl) {
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
        curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        code = curl_easy_perform(curl);
        curl_easy_cleanup(curl);
    }
    curl_global_cleanup();
    if (code != CURLE_OK)
        fprintf(stderr, "post: %s\n", curl_easy_strerror(code));
    return code == CURLE_OK ? 0 : -1;
}

/* The value of "refresh_token" in the answer; its length in *len. */
static const char *
answer_find_token(const struct answer *answer, size_t *len)
{
    static const char key[] = "\"refresh_token\"";
    const char *at = strstr(answer->text, key);

    at = at ? strchr(at + sizeof key - 1, '"') : NULL;
    *len = at ? strcspn(at + 1, "\"") : 0;
    return at ? at + 1 : NULL;
}

int
main(int argc, char **argv)
{
    static struct answer answer;
    char token[1024], form[2048];
    const char *next;
    size_t next_len;
    ssize_t len;
    int fd;

    if (argc != 5)
        return 2;
    fd = open(argv[4], O_RDWR | O_CLOEXEC);
    len = fd < 0 ? -1 : read(fd, token, sizeof token - 1);
    if (len <= 0)
        return 2;
    token[len] = '\0';
    snprintf(form, sizeof form,
             "grant_type=refresh_token&refresh_token=%s&client_id=%s", token,
             argv[3]);
    if (post(argv[1], argv[2], form, &answer) < 0)
        return 1;
    next = answer_find_token(&answer, &next_len);
    if (!next || next_len != (size_t)len ||
        pwrite(fd, next, next_len, 0) != len)
        return 1;
    return 0;
}
